<%@ tag pageEncoding="UTF-8" %>
<%@ attribute name="title" required="true" %>
<%@ taglib prefix="c" uri="jakarta.tags.core" %>
<c:set var="root" value="${pageContext.request.contextPath}" scope="request"/>
<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="UTF-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title><c:out value="${title}"/> · Corner Shop</title>
  <link rel="icon" href="${root}/static/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="${root}/static/shop.css?v=<c:out value="${release.version()}"/>">
</head>
<body>
<header>
  <div class="bar">
    <a class="sign" href="${root}/">Corner Shop<small>good things, nearby</small></a>
    <nav>
      <c:choose>
        <c:when test="${empty customer}"><a href="${root}/login">Say hello</a></c:when>
        <c:otherwise>
          <form method="post" action="${root}/logout">
            <span>Hello, <c:out value="${customer}"/></span>
            <button class="quiet">Leave</button>
          </form>
        </c:otherwise>
      </c:choose>
      <a class="basket" href="${root}/cart">
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 9h18l-2.2 10.2a2 2 0 0 1-2 1.6H7.2a2 2 0 0 1-2-1.6Z"/><path d="m8 9 3-6m5 6-3-6"/></svg>
        Cart<c:if test="${cart.count() > 0}"> <b>${cart.count()}</b></c:if>
      </a>
    </nav>
  </div>
  <div class="awning" aria-hidden="true"></div>
</header>
<main>
<jsp:doBody/>
</main>
<footer>
  <p>Open from seven to seven, on the corner.</p>
  <p class="release">
    <span>version <b><c:out value="${release.version()}"/></b></span>
    <c:if test="${not empty release.commit()}"><span>commit <b><c:out value="${release.shortCommit()}"/></b></span></c:if>
    <c:if test="${not empty release.slot()}"><span class="slot <c:out value="${release.slot()}"/>"><b><c:out value="${release.slot()}"/></b></span></c:if>
    <c:if test="${not empty release.replica()}"><span>replica <b><c:out value="${release.replica()}"/></b></span></c:if>
  </p>
</footer>
</body>
</html>
