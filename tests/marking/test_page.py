"""An instructor marks a class with the keyboard alone, in a real browser, and a second tab gets in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from classes import TEXTS, in_book, serve_desk, set_in_formgrader
from lab import open_browser
from playwright.sync_api import Page, expect


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_contain_text("Saved")


@pytest.mark.nightly  # by day, test_ledger.py marks without a browser
def test_sixty_answers_with_the_keyboard_alone(course: Path) -> None:
    with serve_desk(course) as (address, _), open_browser() as page:
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        press = page.keyboard.press
        expect(page.locator("article")).to_have_count(60)
        assert "token" not in page.url
        expect(page.locator("#counts")).to_have_text("0 of 59 marked · 1 not attempted")
        press("y")  # the mark scheme's items
        expect(page.locator("#items button")).to_have_count(2)
        for _ in range(59):
            current = page.locator("article[aria-current=true] .text").inner_text()
            press("0" if "gradient" in current else "1")
            if "one matrix" in current:
                press("2")
            press("j")
        expect(page.locator("#counts")).to_have_text("59 of 59 marked · 1 not attempted")
        press("k")
        press("c")
        page.keyboard.type("What follows from that?")
        press("Escape")
        saved(page)

        press("e")  # the first item is worth half a point from now on
        page.keyboard.type("0.5")
        press("Escape")
        expect(page.locator("#saved")).to_contain_text("all marks follow")
        marks = [in_book(course, f"s{place:02}")["score"] for place in range(58)]
        assert marks == [{0: 0.5, 1: 1.5, 2: 0.0}[place % len(TEXTS)] for place in range(58)]
        press("u")
        expect(page.locator("#saved")).to_contain_text("all marks follow")
        expect(page.locator("#items .worth").first).to_have_text("+1")
        assert in_book(course, "s01")["score"] == 2.0
        assert errors == []


@pytest.mark.nightly  # by day, test_ledger.py has the conflicts without a browser
def test_a_second_tab_formgrader_and_a_group(course: Path) -> None:
    with serve_desk(course) as (address, _), open_browser() as page:
        page.goto(address)
        press = page.keyboard.press
        expect(page.locator("article")).to_have_count(60)
        press("y")
        expect(page.locator("#items button")).to_have_count(2)
        press("1")
        saved(page)
        press("g")  # the group's others
        size = int(page.locator("#answers h3").first.inner_text().split(": ")[1].split()[0])
        expect(page.locator("article.marked")).to_have_count(size)
        press("u")
        expect(page.locator("article.marked")).to_have_count(1)
        saved(page)
        [name] = page.locator("article.marked .top b").all_inner_texts()

        assert page.context.browser is not None
        other = page.context.browser.new_page()
        other.goto(address)
        expect(other.locator("article.marked")).to_have_count(1)
        other.locator("article.marked").click()
        set_in_formgrader(course, name, 2.0, "by hand")
        other.keyboard.press("2")
        expect(other.locator("#conflict")).to_contain_text("Theirs (formgrader): 2 points, “by hand”")
        assert in_book(course, name) == {"score": 2.0, "comment": "by hand"}
        other.keyboard.press(",")
        expect(other.locator("#conflict")).to_be_hidden()
        expect(other.locator("article[aria-current=true]")).to_contain_text("set in formgrader")
        other.keyboard.press("0")
        saved(other)
        assert in_book(course, name)["score"] == 0.0
        page.bring_to_front()
        page.locator(f"article:has-text('{name}')").click()
        expect(page.locator("article[aria-current=true] .points")).to_have_text(
            "0 / 2"
        )  # the first tab follows by itself


@pytest.mark.nightly
def test_the_page_shows_what_it_should_at_each_width(course: Path) -> None:
    with serve_desk(course) as (address, _), open_browser() as page:
        for width in (1280, 800, 400):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(address)
            expect(page.locator("#items")).to_be_attached()
            expect(page.locator("article").first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.keyboard.press("?")
            expect(page.locator("#help")).to_be_visible()
            page.keyboard.press("Escape")
            expect(page.locator("#help")).to_be_hidden()
