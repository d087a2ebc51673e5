"""The status page as a person meets it: a fed board, a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.watch import listen
from lictor.watch.status import Blocked, Failing, Pause, Role, Sign, Watched
from lictor.watch.verdict import Verdict
from tests.unit.watch.boards import (
    GUARD,
    World,
    make_begun,
    make_change,
    make_group,
    make_row,
    make_run,
)

if TYPE_CHECKING:
    from tests.browser.chromium import Page

ENTER = ("Enter", 13, "\r")
TAB = ("Tab", 9)
SPACE = (" ", 32, " ")
LATER = 10.0  # seconds after which the server looks again


def feed(world: World) -> None:
    """Put two groups on the board: one held and failing, one well; three rows."""
    world.board.role(Role.LEADER, "host-a")
    world.board.watching(Watched(polled=2, in_turn=1, index=4711))
    web = make_group(
        "10.0.0.1:80", "10.0.0.2:80", held={"10.0.0.2:80": GUARD}, failed={"10.0.0.9:80": "no"},
        foreign=("10.0.0.7:80",),
    )  # fmt: skip
    changes = [make_change(1), make_change(2, sign=Sign.REMOVED)]
    groups = {"web": web, "api": make_group("10.1.0.1:80")}
    world.board.ended(make_run(1, Verdict.HELD), groups, changes)
    world.rows = [
        make_row("10.0.0.2:80", agrees=False, node="node-2 (dc1)", reason=GUARD),
        make_row("10.0.0.1:80"),
        make_row("10.1.0.1:80", group="api", node="node-9 (dc2)"),
    ]


def keys(page: Page) -> list[str]:
    """List the targets in the table, from above."""
    return page.texts("#rows td:nth-child(2)")


def test_what_stands_is_shown(world: World, page: Page) -> None:
    """Groups, both views with the difference first, changes, runs, what is watched."""
    feed(world)
    with world.served() as url:
        page.open(url).until("document.querySelectorAll('#rows tr').length === 3")
        assert page.text("h1") == "lictor prod"
        assert page.see("document.title") == "prod · lictor"
        assert page.text("#role") == "leader"
        api, web = page.texts("#groups li")
        assert api.startswith("api 1 target arn:aws:")
        assert web.startswith("web 2 targets 1 held 1 failed 1 not ours changed ")
        assert keys(page) == ["10.0.0.2:80", "10.0.0.1:80", "10.1.0.1:80"]
        assert page.texts("#rows tr") == [
            f"differ 10.0.0.2:80 web node-2 (dc1) passing unhealthy {GUARD}",
            "agree 10.0.0.1:80 web node-1 (dc1) passing healthy",
            "agree 10.1.0.1:80 api node-9 (dc2) passing healthy",
        ]
        assert "3 targets, Consul and the load balancer differ on 1;" in page.text("#verdict")
        removed, added = page.texts("#changes li")
        assert removed.endswith("- web 10.0.0.2:80 node-2 (dc1)")
        assert added.endswith("+ web 10.0.0.1:80 node-1 (dc1)")
        assert page.texts("#runs li")[0].endswith("held 1: web changed, 0.25 s run 1")
        watch = page.text("#watch")
        assert "held by host-a" in watch
        assert "3: 2 by long poll, 1 in turn, 0 without an answer" in watch
        assert "4711" in watch


def test_times_are_local_and_relative(world: World, page: Page) -> None:
    """Where the reader is, counted on the server's clock: theirs may be wrong."""
    page.call("Emulation.setTimezoneOverride", timezoneId="Asia/Tokyo")
    feed(world)
    world.seconds = 76.0
    with world.served() as url:
        page.open(url).until("document.querySelectorAll('#changes time').length === 2")
        text = page.texts("#changes time")[1]
        assert "5:00:01" in text
        assert text.endswith("(1 min ago)")
        assert page.see("document.querySelector('#changes time').dateTime") == (
            "2026-11-21T08:00:02Z"
        )


def test_it_updates_itself(world: World, page: Page) -> None:
    """What has changed comes, what is gone goes, the rest is not touched."""
    feed(world)
    with world.served() as url:
        page.open(url).until("document.querySelectorAll('#rows tr').length === 3")
        page.see("document.querySelector('#rows tr:nth-child(2)').mark = 'same'")
        world.board.began(make_begun(2, "api changed"))
        page.shows("Run 2 is under way: api changed")
        web = make_group("10.0.0.1:80", "10.0.0.3:80")
        world.board.ended(make_run(2), {"web": web}, [make_change(3)])
        world.seconds, world.rows = 60.0, [make_row("10.0.0.1:80"), make_row("10.0.0.3:80")]
        page.until("document.querySelectorAll('#rows tr').length === 2")
        assert keys(page) == ["10.0.0.1:80", "10.0.0.3:80"]
        assert page.see("document.querySelector('#rows tr').mark") == "same"
        assert page.texts("#changes li")[0].endswith("+ web 10.0.0.3:80 node-3 (dc1)")
        assert [text.split(" changed")[0] for text in page.texts("#groups li")] == ["web 2 targets"]


def test_a_row_that_heals_moves_down_and_stays_itself(world: World, page: Page) -> None:
    """The order follows, in the elements that are there."""
    feed(world)
    with world.served() as url:
        page.open(url).until("document.querySelectorAll('#rows tr').length === 3")
        page.see("document.querySelector('#rows tr').mark = 'healed'")
        one, two, three = world.rows
        world.rows = [two, make_row(one.key), three]
        world.seconds += LATER
        page.until("document.querySelectorAll('#rows tr.differs').length === 0")
        assert keys(page) == ["10.0.0.1:80", "10.0.0.2:80", "10.1.0.1:80"]
        assert page.see("document.querySelector('#rows tr:nth-child(2)').mark") == "healed"


def test_before_anybody_has_looked(world: World, page: Page) -> None:
    """What the last run left is shown, and the failure of the look."""
    feed(world)
    world.broken = errors.ConsulNotReady("Consul at http://127.0.0.1:8500 has no leader")
    with world.served() as url:
        page.open(url).shows(
            "cannot be compared now. Consul at http://127.0.0.1:8500 has no leader"
        )
        assert page.texts("#rows tr") == [
            "10.0.0.1:80 web node-1 (dc1)",
            f"10.0.0.2:80 web node-2 (dc1) held: {GUARD}",
            "10.0.0.9:80 web failed: no",
            "10.1.0.1:80 api node-1 (dc1)",
        ]
        world.broken, world.seconds = None, 60.0
        page.until("document.querySelectorAll('#rows tr').length === 3")
        page.until("document.querySelectorAll('.banner').length === 0")


def test_what_needs_somebody_stands_at_the_top(world: World, page: Page) -> None:
    """Pauses, a standby, blocked groups, questions without answer, a run that came to nothing."""
    feed(world)
    with world.served() as url:
        page.open(url).until("document.querySelectorAll('#rows tr').length === 3")
        assert page.texts(".banner") == []
        world.board.pauses([Pause(), Pause("api", world.now())])
        world.board.role(Role.STANDBY, "host-b")
        blocked = make_group(blocked=Blocked("the token lacks a right", "consul_denied"))
        world.board.ended(make_run(2, Verdict.ERROR, text="no backend"), {"web": blocked})
        world.board.watching(Watched(failing=(Failing("api (dc2)", "no answer"),)))
        page.shows("Paused: the whole stack is left as it is.")
        found = page.texts(".banner")
        assert found[1].startswith("Paused: api is left as it is until ")
        assert found[2:] == [
            "Standby: host-b holds the lock and runs.",
            "Blocked: web is left as it is. the token lacks a right",
            "The last run came to nothing. no backend",
            "Consul does not answer: api (dc2). no answer",
        ]
        assert page.see("document.querySelector('#banners').getAttribute('role')") == "status"


def test_a_lost_server_is_told_and_found_again(world: World, page: Page) -> None:
    """What is shown stays, with a warning; it goes when the server is back."""
    feed(world)
    server = listen.start(listen.address("127.0.0.1:0"), world.offer())
    page.open(server.url).until("document.querySelectorAll('#rows tr').length === 3")
    server.close()
    page.shows("Connection lost at ")
    assert len(keys(page)) == 3
    with world.served(server.url.removeprefix("http://").rstrip("/")):
        page.until("!document.body.innerText.includes('Connection lost')")
    refused = [text for text in page.complaints if "ERR_CONNECTION_REFUSED" in text]
    assert refused
    page.complaints[:] = [text for text in page.complaints if text not in refused]


@pytest.mark.parametrize("width", [360, 320, 760, 1200])
def test_nothing_is_wider_than_the_window(world: World, page: Page, width: int) -> None:
    """However long names, keys and reasons are; the narrow table is one of cards."""
    long = "x" * 200
    world.board.role(Role.STANDBY, long)
    key = "fd00:1234:5678:9abc:def0:1234:5678:9abc:65535"
    group = make_group(key, held={key: long}, blocked=Blocked(long))
    change = make_change(1, group=long)
    world.board.ended(make_run(1, Verdict.HELD, text=long, why=long), {long: group}, [change])
    world.rows = [make_row(key, agrees=False, group=long, node=long, reason=long)]
    page.resize(width)
    with world.served() as url:
        page.open(url).until("document.querySelectorAll('#rows tr').length === 1")
        page.until("document.querySelectorAll('#changes li').length === 1")
        assert page.see("document.documentElement.scrollWidth") <= width
        assert page.see("[...document.querySelectorAll('body *:not(.skip)')]"
                        ".filter((n) => !n.closest('thead') && n.getBoundingClientRect().right >"
                        " innerWidth + 1).map((n) => n.outerHTML.slice(0, 80))") == []  # fmt: skip
        cards = page.see("getComputedStyle(document.querySelector('#rows tr')).display") == "grid"
        assert cards is (width < 700)
        if cards:
            label = "getComputedStyle(document.querySelector('#rows td:nth-child(5)'), '::before')"
            assert page.see(f"{label}.content") == '"Consul"'


EVIL = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>"


def test_foreign_text_is_text(world: World, page: Page) -> None:
    """Wherever other people's words appear: nodes, reasons, keys, names, errors."""
    world.board.role(Role.STANDBY, EVIL)
    world.board.pauses([Pause(EVIL)])
    group = make_group(
        EVIL, arn=EVIL, failed={EVIL: EVIL}, held={EVIL: EVIL}, blocked=Blocked(EVIL)
    )
    change = make_change(1, group=EVIL)
    world.board.watching(Watched(failing=(Failing(EVIL, EVIL),)))
    world.board.ended(make_run(1, Verdict.ERROR, why=EVIL, text=EVIL), {EVIL: group}, [change])
    world.rows = [make_row(EVIL, group=EVIL, node=EVIL, consul=EVIL, balancer=EVIL, reason=EVIL)]
    with world.served() as url:
        page.open(url).until("document.querySelectorAll('#rows tr').length === 1")
        assert page.see("document.querySelectorAll('img, body script, [onerror]').length") == 0
        assert page.see("document.title") == "prod · lictor"
        cells = page.see("[...document.querySelectorAll('#rows td')].map((n) => n.textContent)")
        assert cells[1:] == [EVIL] * 6
        for place in ("#banners", "#groups", "#changes", "#runs", "#watch"):
            assert EVIL in page.see(f"document.querySelector('{place}').textContent")


@pytest.mark.parametrize(
    "attempt",
    [
        "document.body.innerHTML = '<b>x</b>'",
        "document.body.setAttribute('onclick', 'hacked()')",
        "document.createElement('script').src = 'page.js'",
    ],
)
def test_text_cannot_become_markup(world: World, page: Page, attempt: str) -> None:
    """Even where somebody writes page code that would make it so: the browser refuses."""
    with world.served() as url:
        page.open(url).shows("No run yet")
        refused = f"(() => {{ try {{ {attempt}; }} catch (error) {{ return error.name; }} }})()"
        assert page.see(refused) == "TypeError"
    page.complaints.clear()  # the browser tells of it


def test_without_a_mouse(world: World, page: Page) -> None:
    """Every control is reached by Tab, shows that it has the focus, and answers to keys."""
    feed(world)
    with world.served() as url:
        page.open(url).until("document.querySelectorAll('#rows tr').length === 3")
        reached = []
        for _ in range(8):
            page.press(*TAB)
            reached.append(
                page.see("document.activeElement.id || document.activeElement.innerText")
            )
            assert page.see("getComputedStyle(document.activeElement).outlineStyle") != "none"
        assert reached[:2] == ["To the targets", "run"]
        assert [text.split()[0] for text in reached[2:4]] == ["api", "web"]
        assert reached[4:6] == ["filter", "differing"]
        page.see("document.querySelector('#run').focus()")
        page.press(*ENTER)
        page.shows("asked for")
        assert world.asked == 1


def test_a_run_that_cannot_be_says_why(world: World, page: Page) -> None:
    """At the button."""
    world.board.role(Role.STANDBY, "host-b")
    with world.served() as url:
        page.open(url).shows("No run yet")
        page.see("document.querySelector('#run').click()")
        page.until("document.querySelector('#said').innerText.includes('host-b holds the lock')")
    assert world.asked == 0
    page.complaints.clear()  # the browser tells of the 409


def test_choosing_what_is_shown(world: World, page: Page) -> None:
    """By words, by difference, by group; and all again."""
    feed(world)
    with world.served() as url:
        page.open(url).until("document.querySelectorAll('#rows tr').length === 3")
        page.see("document.querySelector('#filter').focus()")
        page.write("NODE-9 healthy")
        assert keys(page) == ["10.1.0.1:80"]
        page.see("document.querySelector('#filter').select()")
        page.press("Backspace", 8)
        page.press(*TAB)
        page.press(*SPACE)
        assert keys(page) == ["10.0.0.2:80"]
        page.press(*SPACE)
        page.see("document.querySelector('#groups li:nth-child(1) button').focus()")
        page.press(*ENTER)
        assert keys(page) == ["10.1.0.1:80"]
        pressed = "document.activeElement.getAttribute('aria-pressed')"
        assert page.see(pressed) == "true"
        page.press(*ENTER)
        assert page.see(pressed) == "false"
        assert len(keys(page)) == 3


def test_a_thousand_targets(world: World, page: Page) -> None:
    """All are there, and an update touches what has changed alone."""
    names = [f"10.0.{number // 250}.{number % 250}:80" for number in range(1000)]
    world.board.ended(make_run(1), {"web": make_group(*names)})
    world.rows = [make_row(name) for name in names]
    with world.served() as url:
        page.open(url).until("document.querySelectorAll('#rows tr').length === 1000")
        page.see("""{
            window.touched = 0;
            const watch = new MutationObserver((list) => { window.touched += list.length; });
            watch.observe(document.querySelector("#rows"),
                          {childList: true, subtree: true, characterData: true, attributes: true});
        }""")
        world.rows = [make_row(names[-1], agrees=False), *world.rows[:-1]]
        world.seconds += LATER
        page.until("document.querySelector('#rows tr').className === 'differs'")
        assert 0 < page.see("window.touched") < 20
        world.rows = [make_row(f"10.1.{n // 250}.{n % 250}:80") for n in range(1500)]
        world.seconds += LATER
        page.until("document.querySelector('#more').checkVisibility()")
        assert page.text("#more") == "Show 500 more of 500"
        page.see("document.querySelector('#more').click()")
        page.until("document.querySelectorAll('#rows tr').length === 1500")
        assert page.see("document.querySelector('#more').checkVisibility()") is False


def test_a_hidden_page_asks_seldom(world: World, page: Page) -> None:
    """And at once when it is looked at again."""
    page.call(
        "Page.addScriptToEvaluateOnNewDocument",
        source="""
            window.away = true; window.pauses = [];
            Object.defineProperty(document, "hidden", {get: () => window.away});
            const plain = window.setTimeout;
            window.setTimeout = (what, pause) => {
                if (pause >= 1000) window.pauses.push(pause);
                return plain(what, pause);
            };
        """,
    )
    with world.served() as url:
        page.open(url).until("window.pauses.length === 1")
        page.see("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
        page.until("window.pauses.length >= 2")
        assert page.see("window.pauses.slice(0, 2)") == [30000, 2000]


CONTRAST = """(() => {
    const light = (text) => {
        const [r, g, b] = text.match(/[\\d.]+/g).map(Number)
            .map((v) => v / 255)
            .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const paper = (node) => {
        for (; node; node = node.parentElement) {
            const colour = getComputedStyle(node).backgroundColor;
            if (!/, 0\\)$/.test(colour)) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    return [...document.querySelectorAll("body *")]
        .filter((n) => [...n.childNodes].some((c) => c.nodeType === 3 && c.data.trim()))
        .map((n) => {
            const both = [light(getComputedStyle(n).color), light(paper(n))];
            const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
            return [ratio, n.outerHTML.slice(0, 80)];
        }).filter(([ratio]) => ratio < 4.5);
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_readable_in_light_and_dark(world: World, page: Page, scheme: str) -> None:
    """Every text, by the measure of WCAG AA."""
    feed(world)
    world.board.pauses([Pause()])
    world.board.watching(Watched(failing=(Failing("web", "no answer"),)))
    page.colours(scheme)
    with world.served() as url:
        page.open(url).until("document.querySelectorAll('#rows tr').length === 3")
        paper = page.see("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") is (scheme == "light")
        assert page.see(CONTRAST) == []
