"""Opens pages in headless Chromium as a reader would, and keeps pictures of them.

    python .ci/pages.py FOLDER PAGE...

Each page, on a wide and a narrow screen, light and dark, and printed, must ask for nothing outside itself, log no error, show
its headings, pictures and curves, fit the width of the screen, and be readable on its background.
"""

import pathlib
import shutil
import sys

from playwright.sync_api import sync_playwright

SCREENS = {"wide": (1280, 900), "narrow": (390, 844)}

# What a page looks like, asked of the browser itself.
LOOK = """() => {
    const shown = element => { const box = element.getBoundingClientRect(); return box.width > 0 && box.height > 0; };
    const rgb = colour => (colour.match(/[0-9.]+/g) || [255, 255, 255]).slice(0, 3).map(Number);
    const light = colour => {
        const [r, g, b] = rgb(colour).map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = element => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (colour !== 'rgba(0, 0, 0, 0)' && colour !== 'transparent') return colour;
        }
        return getComputedStyle(document.documentElement).colorScheme.includes('dark') && matchMedia('(prefers-color-scheme: dark)').matches
            ? 'rgb(18, 18, 18)' : 'rgb(255, 255, 255)';
    };
    const contrast = element => {
        const [a, b] = [light(getComputedStyle(element).color), light(ground(element))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    };
    const words = [...document.querySelectorAll('h1, h2, h3, p, li, th, td, dt, dd')].filter(e => shown(e) && e.innerText.trim());
    return {
        headings: [...document.querySelectorAll('h1, h2')].filter(shown).map(e => e.innerText),
        pictures: [...document.querySelectorAll('img')].map(e => e.complete && e.naturalWidth > 0),
        charts: [...document.querySelectorAll('svg')].filter(shown).map(e => e.querySelectorAll('path, polyline, line, rect, circle, text').length),
        wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        faint: words.map(e => [contrast(e), e.innerText.trim().slice(0, 40)]).filter(([ratio]) => ratio < 4.5),
        ground: light(ground(document.body)),
    };
}"""


def check(browser, page, folder):
    problems = []
    grounds = {}
    name = "-".join(page.parts[-2:]).removesuffix(".html")
    for scheme in ("light", "dark"):
        for screen, (width, height) in SCREENS.items():
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height}, offline=True)
            tab = context.new_page()
            where = f"{page}, {scheme}, {screen}"
            tab.on("pageerror", lambda error: problems.append(f"{where}: {error}"))
            tab.on("console", lambda line: problems.append(f"{where}: {line.text}") if line.type == "error" else None)
            tab.on(
                "request",
                lambda asked: problems.append(f"{where}: asks for {asked.url[:80]}")
                if not asked.url.startswith(("data:", "blob:")) and asked.url != page.as_uri()
                else None,
            )
            tab.goto(page.as_uri(), wait_until="load")
            look = tab.evaluate(LOOK)
            grounds[scheme] = look["ground"]
            if not look["headings"]:
                problems.append(f"{where}: no heading")
            if not all(look["pictures"]):
                problems.append(f"{where}: a picture does not load")
            if not look["charts"] or not all(look["charts"]):
                problems.append(f"{where}: charts {look['charts']}")
            if look["wide"] > 0:
                problems.append(f"{where}: {look['wide']} pixels wider than the screen")
            problems += [f"{where}: contrast {ratio:.1f} of `{text}`" for ratio, text in look["faint"][:5]]
            tab.screenshot(path=folder / f"{name}-{scheme}-{screen}.png", full_page=True)
            if scheme == "light" and screen == "wide":
                print(f"{page}: {len(look['headings'])} headings, {len(look['charts'])} charts, {len(look['pictures'])} pictures")
                printed = tab.pdf(path=folder / f"{name}.pdf", format="A4")
                if len(printed) < 10_000:
                    problems.append(f"{where}: printed, it is {len(printed)} bytes")
            context.close()
    if not grounds["dark"] < 0.1 < 0.8 < grounds["light"]:
        problems.append(f"{page}: backgrounds {grounds}")
    return problems


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    pages = [pathlib.Path(page).resolve() for page in sys.argv[2:]]
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        )
        problems = [problem for page in pages for problem in check(browser, page, folder)]
        browser.close()
    if problems:
        sys.exit("\n".join(problems))


main()
