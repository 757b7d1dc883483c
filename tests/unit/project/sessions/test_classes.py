"""Classes in sessions, found in Java sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project.folder import Folder
from hookserver.project.sessions.classes import find_unserializable
from tests.unit.project.trees import plant, servlet

CART_SERVLET = servlet(
    "javax", inside='void x() { Cart c = new Cart(); request.getSession().setAttribute("cart", c); }'
)


def found(tmp_path: Path, cart: str) -> tuple[str, ...]:
    files = {
        "CartServlet.java": CART_SERVLET,
        "shop/Cart.java": cart,
        "shop/Base.java": "abstract class Base implements java.io.Serializable { }",
    }
    return find_unserializable(Folder(plant(tmp_path, files)))


@pytest.mark.parametrize(
    "cart",
    [
        "public final class Cart implements Serializable { }",
        "public class Cart extends Base { }",
        "public class Cart extends lib.Elsewhere { }",
        "public record Cart(int n) implements java.io.Serializable { }",
    ],
)
def test_serializable_or_unknown_class_is_not_named(tmp_path: Path, cart: str) -> None:
    assert found(tmp_path, cart) == ()


@pytest.mark.parametrize("cart", ["public class Cart { }", "record Cart(int n) implements Comparable<Cart> { }"])
def test_unserializable_class_in_a_session_is_named(tmp_path: Path, cart: str) -> None:
    assert found(tmp_path, cart) == ("Cart (put there by CartServlet.java)",)


@pytest.mark.parametrize(
    "scope",
    [
        "@Named @SessionScoped public",
        "@Component\n@SessionScope(proxyMode = ScopedProxyMode.TARGET_CLASS)\npublic",
        '@Scope("session")',
        "@Scope(value = WebApplicationContext.SCOPE_SESSION)",
    ],
)
def test_bean_of_the_sessions_scope_is_found(tmp_path: Path, scope: str) -> None:
    files = {"shop/Cart.java": f"{scope} class Cart {{ }}"}
    assert find_unserializable(Folder(plant(tmp_path, files))) == ("Cart (put there by shop/Cart.java)",)
    files = {"shop/Cart.java": f"{scope} class Cart implements Serializable {{ }}"}
    assert find_unserializable(Folder(plant(tmp_path, files))) == ()


@pytest.mark.parametrize("text", ['@Scope("prototype") class Cart { }', "@SessionScope Shop shop() { } class Cart { }"])
def test_bean_of_another_scope_is_not_named(tmp_path: Path, text: str) -> None:
    assert find_unserializable(Folder(plant(tmp_path, {"shop/Cart.java": text}))) == ()


def test_object_made_in_the_call_is_found(tmp_path: Path) -> None:
    files = {
        "A.java": 'class A { void x() { session.setAttribute("cart", new shop.Cart()); } }',
        "shop/Cart.java": "class Cart {}",
    }
    assert find_unserializable(Folder(plant(tmp_path, files))) == ("Cart (put there by A.java)",)


def test_bean_of_a_page_is_found(tmp_path: Path) -> None:
    files = {"a.jsp": '<jsp:useBean id="c" scope="session" class="shop.Cart"/>', "shop/Cart.java": "class Cart {}"}
    assert find_unserializable(Folder(plant(tmp_path, files))) == ("Cart (put there by a.jsp)",)


def test_interface_that_extends_serializable_counts(tmp_path: Path) -> None:
    files = {
        "A.java": 'class A { void x() { session.setAttribute("cart", new Cart()); } }',
        "shop/Cart.java": "class Cart implements Stored {}",
        "shop/Stored.java": "interface Stored extends Comparable<Stored>, java.io.Serializable {}",
    }
    assert find_unserializable(Folder(plant(tmp_path, files))) == ()
