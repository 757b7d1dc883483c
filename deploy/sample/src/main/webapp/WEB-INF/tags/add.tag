<%@ tag pageEncoding="UTF-8" %>
<%@ attribute name="product" required="true" type="cornershop.Product" %>
<%@ attribute name="choose" type="java.lang.Boolean" %>
<%@ taglib prefix="c" uri="jakarta.tags.core" %>
<form class="add" method="post" action="${root}/cart/add">
  <input type="hidden" name="id" value="<c:out value="${product.id()}"/>">
  <c:if test="${choose}"><input type="number" name="quantity" value="1" min="1" max="99" aria-label="Quantity"></c:if>
  <button>Add to cart</button>
</form>
