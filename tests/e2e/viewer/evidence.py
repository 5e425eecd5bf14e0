"""The evidence viewer as tests look at it."""

from playwright.sync_api import Page


def wait_for_evidence(page: Page) -> None:
    page.wait_for_function(
        """() => {
            const image = document.querySelector(".pane--best_frame img");
            const video = document.querySelector(".pane--video video");
            return document.querySelector("[data-viewer][data-ready]") && image?.complete && video?.readyState >= 2;
        }"""
    )


def video(page: Page):
    return page.locator(".pane--video video")


def said(page: Page):
    return page.locator("[data-said]")
