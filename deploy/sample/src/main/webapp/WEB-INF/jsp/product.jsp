<%@ page contentType="text/html;charset=UTF-8" session="false" %>
<%@ taglib prefix="c" uri="jakarta.tags.core" %>
<%@ taglib prefix="shop" tagdir="/WEB-INF/tags" %>
<shop:page title="${product.name()}">
  <p class="back"><a href="${root}/">← Everything on the shelf</a></p>
  <section class="product">
    ${product.picture()}
    <div>
      <h1><c:out value="${product.name()}"/></h1>
      <p class="lead"><c:out value="${product.blurb()}"/></p>
      <p><c:out value="${product.story()}"/></p>
      <p class="price"><c:out value="${product.price()}"/> <small><c:out value="${product.unit()}"/></small></p>
      <shop:add product="${product}" choose="true"/>
    </div>
  </section>
  <h3>Goes well with</h3>
  <section class="shelf">
    <c:forEach var="other" items="${others}"><shop:card product="${other}"/></c:forEach>
  </section>
</shop:page>
