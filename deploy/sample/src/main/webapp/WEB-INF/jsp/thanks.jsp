<%@ page contentType="text/html;charset=UTF-8" session="false" %>
<%@ taglib prefix="c" uri="jakarta.tags.core" %>
<%@ taglib prefix="shop" tagdir="/WEB-INF/tags" %>
<shop:page title="Thank you">
  <section class="panel narrow empty">
    <h1>Thank you<c:if test="${not empty customer}">, <c:out value="${customer}"/></c:if>!</h1>
    <p>Order <b><c:out value="${order.number()}"/></b>: ${order.count()} ${order.count() == 1 ? 'thing' : 'things'}, <c:out value="${order.total()}"/>. It is being packed.</p>
    <a class="button" href="${root}/">Back to the shelf</a>
  </section>
</shop:page>
