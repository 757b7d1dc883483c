<%@ page contentType="text/html;charset=UTF-8" session="false" %>
<%@ taglib prefix="c" uri="jakarta.tags.core" %>
<%@ taglib prefix="shop" tagdir="/WEB-INF/tags" %>
<shop:page title="Your cart">
  <h1>Your cart</h1>
  <c:choose>
    <c:when test="${cart.count() == 0}">
      <section class="panel empty">
        <p>Nothing in it yet.</p>
        <a class="button" href="${root}/">Look at the shelf</a>
      </section>
    </c:when>
    <c:otherwise>
      <section class="panel">
        <ul class="lines">
          <c:forEach var="line" items="${cart.lines()}">
            <li>
              ${line.product().picture()}
              <div class="what">
                <a href="${root}/product?id=<c:out value="${line.product().id()}"/>"><c:out value="${line.product().name()}"/></a>
                <small><c:out value="${line.product().price()}"/> · <c:out value="${line.product().unit()}"/></small>
              </div>
              <form method="post" action="${root}/cart/update">
                <input type="hidden" name="id" value="<c:out value="${line.product().id()}"/>">
                <input type="number" name="quantity" value="${line.quantity()}" min="0" max="99" aria-label="Quantity">
                <button class="quiet">Update</button>
              </form>
              <form method="post" action="${root}/cart/update">
                <input type="hidden" name="id" value="<c:out value="${line.product().id()}"/>">
                <button class="quiet" name="quantity" value="0">Remove</button>
              </form>
              <span class="price"><c:out value="${line.price()}"/></span>
            </li>
          </c:forEach>
        </ul>
        <div class="total">
          <a href="${root}/">Keep looking</a>
          <span>Total <b class="price"><c:out value="${cart.total()}"/></b></span>
          <a class="button" href="${root}/checkout">To the counter</a>
        </div>
      </section>
    </c:otherwise>
  </c:choose>
</shop:page>
