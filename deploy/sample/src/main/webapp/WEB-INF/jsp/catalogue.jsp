<%@ page contentType="text/html;charset=UTF-8" session="false" %>
<%@ taglib prefix="c" uri="jakarta.tags.core" %>
<%@ taglib prefix="shop" tagdir="/WEB-INF/tags" %>
<shop:page title="Everything on the shelf">
  <section class="hello">
    <h1>What would you like today?</h1>
    <p>Eight good things, chosen by people who eat them. Order until noon, and it is on your doorstep by four.</p>
  </section>
  <section class="shelf">
    <c:forEach var="product" items="${products}"><shop:card product="${product}"/></c:forEach>
  </section>
</shop:page>
