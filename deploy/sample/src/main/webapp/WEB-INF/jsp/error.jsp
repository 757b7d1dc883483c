<%@ page contentType="text/html;charset=UTF-8" session="false" isErrorPage="true" %>
<%@ taglib prefix="c" uri="jakarta.tags.core" %>
<%@ taglib prefix="shop" tagdir="/WEB-INF/tags" %>
<shop:page title="Sorry">
  <section class="panel narrow empty">
    <h1>${pageContext.errorData.statusCode == 404 ? 'We do not have that' : 'Sorry, that did not work'}</h1>
    <p>The shop answered with ${pageContext.errorData.statusCode}.</p>
    <a class="button" href="${root}/">Back to the shelf</a>
  </section>
</shop:page>
