<%@ page contentType="text/html;charset=UTF-8" session="false" %>
<%@ taglib prefix="c" uri="jakarta.tags.core" %>
<%@ taglib prefix="shop" tagdir="/WEB-INF/tags" %>
<shop:page title="At the counter">
  <section class="panel narrow">
    <h1>At the counter</h1>
    <c:if test="${not empty customer}"><p>For <b><c:out value="${customer}"/></b>.</p></c:if>
    <ul class="bill">
      <c:forEach var="line" items="${cart.lines()}">
        <li><span>${line.quantity()} × <c:out value="${line.product().name()}"/></span><span><c:out value="${line.price()}"/></span></li>
      </c:forEach>
      <li class="sum"><span>Total</span><span><c:out value="${cart.total()}"/></span></li>
    </ul>
    <form method="post" action="${root}/checkout"><button class="wide">Pay <c:out value="${cart.total()}"/></button></form>
    <p class="back"><a href="${root}/cart">← Back to the cart</a></p>
  </section>
</shop:page>
