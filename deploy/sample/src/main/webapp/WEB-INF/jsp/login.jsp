<%@ page contentType="text/html;charset=UTF-8" session="false" %>
<%@ taglib prefix="c" uri="jakarta.tags.core" %>
<%@ taglib prefix="shop" tagdir="/WEB-INF/tags" %>
<shop:page title="Say hello">
  <section class="panel narrow">
    <h1>Say hello</h1>
    <p>We know our customers. Your name is enough.</p>
    <form method="post" action="${root}/login">
      <label for="name">Name</label>
      <input id="name" name="name" maxlength="40" required autofocus autocomplete="name">
      <button class="wide">Come in</button>
    </form>
  </section>
</shop:page>
