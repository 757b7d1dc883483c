<%@ tag pageEncoding="UTF-8" %>
<%@ attribute name="product" required="true" type="cornershop.Product" %>
<%@ taglib prefix="c" uri="jakarta.tags.core" %>
<%@ taglib prefix="shop" tagdir="/WEB-INF/tags" %>
<article class="card">
  <a href="${root}/product?id=<c:out value="${product.id()}"/>">
    ${product.picture()}
    <h2><c:out value="${product.name()}"/></h2>
  </a>
  <p><c:out value="${product.blurb()}"/></p>
  <div class="deal">
    <span class="price"><c:out value="${product.price()}"/> <small><c:out value="${product.unit()}"/></small></span>
    <shop:add product="${product}"/>
  </div>
</article>
