"""What Consul asks for."""

from collections.abc import Iterable
from random import Random
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from lictor.model import Answer, ConsulService, Status, TargetType
from lictor.plan.desired import Addressing, Desired, desired
from tests.fakes.instances import make_instance
from tests.unit.plan.make import INSTANCE, make_answer

T = TypeVar("T")
IP = Addressing(TargetType.IP)

INSTANCES = st.builds(
    make_instance,
    service_id=st.sampled_from(["web-1", "web-2", "web-3"]),
    node=st.sampled_from(["node-1", "node-2"]),
    node_address=st.sampled_from(["10.0.0.1", "10.0.0.2", "fd00::1"]),
    port=st.sampled_from([80, 8080]),
    status=st.sampled_from(list(Status)),
    tags=st.sampled_from([(), ("v1",), ("v1", "v2")]),
)
SOURCES = st.builds(ConsulService, st.just("web"), tags=st.sampled_from([(), ("v1",), ("v2",)]))
ANSWERS = st.lists(
    st.builds(Answer, SOURCES, st.lists(INSTANCES, max_size=6).map(tuple)), max_size=3
)


@given(ANSWERS, st.randoms(use_true_random=False))
def test_order_never_matters(answers: list[Answer], chance: Random) -> None:
    """Consul gives instances in any order; a plan must not change by that."""
    shuffled = [
        Answer(answer.source, tuple(_shuffled(answer.instances, chance)))
        for answer in _shuffled(answers, chance)
    ]
    before, after = desired(answers, IP), desired(shuffled, IP)
    assert list(before.targets.items()) == list(after.targets.items())
    assert sorted(before.empty) == sorted(after.empty)


def _shuffled(items: Iterable[T], chance: Random) -> list[T]:
    result = list(items)
    chance.shuffle(result)
    return result


@given(ANSWERS, ANSWERS)
def test_sources_unite(some: list[Answer], others: list[Answer]) -> None:
    """What any source names stands, and asking the same twice changes nothing."""
    both = desired([*some, *others], IP)
    assert set(both.targets) == {*desired(some, IP).targets, *desired(others, IP).targets}
    assert desired([*some, *some], IP) == Desired(
        desired(some, IP).targets, desired(some, IP).empty * 2
    )


@given(
    ANSWERS,
    st.dictionaries(st.sampled_from(["10.0.0.1", "10.0.0.2", "fd00::1"]), st.booleans()),
    st.randoms(use_true_random=False),
)
def test_every_address_that_ec2_does_not_know_says_why(
    answers: list[Answer], told: dict[str, bool], chance: Random
) -> None:
    """Those and no others, in any order; what EC2 was not asked for says nothing."""
    addressing = Addressing(
        TargetType.INSTANCE,
        instance_ids={address: INSTANCE for address, known in told.items() if known},
        unknown={address: f"nobody has {address}" for address, known in told.items() if not known},
    )
    wanted = desired(answers, addressing)
    ids = {key: key.rpartition(":")[0] for key in wanted.targets}
    assert wanted.unknown == {
        key: f"nobody has {ident}" for key, ident in ids.items() if told.get(ident) is False
    }
    shuffled = desired(_shuffled(answers, chance), addressing)
    assert shuffled.unknown == wanted.unknown


def test_an_instance_with_two_addresses_says_why_of_both() -> None:
    """Its own and its node's; of several that share a key, the first text in order speaks."""
    said = {"172.17.0.2": "not this", "10.0.0.1": "nor that", "10.0.0.2": "nor the other"}
    made = [
        make_instance(address="172.17.0.2", node_address=node) for node in ("10.0.0.1", "10.0.0.2")
    ]
    answer = make_answer(*made)
    addressing = Addressing(TargetType.INSTANCE, unknown=said)
    for both in (answer, make_answer(*reversed(made))):
        assert desired([both], addressing).unknown == {"172.17.0.2:8080": "not this; nor that"}
    one_known = Addressing(TargetType.INSTANCE, unknown=said, instance_ids={"10.0.0.1": INSTANCE})
    assert desired([answer], one_known).unknown == {"172.17.0.2:8080": "not this; nor the other"}


def test_instances_that_share_a_target_become_one() -> None:
    """The first name in order speaks, and the others are counted."""
    answer = make_answer(
        make_instance(node="node-2", service_id="b"),
        make_instance(node="node-1", service_id="a"),
        make_instance(node="node-1", service_id="c"),
    )
    assert desired([answer], IP).targets == {"10.0.0.1:8080": "node-1 (dc1) +2"}


def test_several_ports_on_one_host_are_several_targets() -> None:
    """The identity is address and port."""
    answer = make_answer(make_instance(), make_instance(port=8081, service_id="web-2"))
    assert list(desired([answer], IP).targets) == ["10.0.0.1:8080", "10.0.0.1:8081"]


def test_a_zone_that_is_asked_for_stands_in_the_label() -> None:
    """After the count, so that it can be read back."""
    answer = make_answer(make_instance(), make_instance(service_id="web-2"))
    wanted = desired([answer], Addressing(TargetType.IP, zone="all"))
    assert wanted.targets == {"10.0.0.1:8080": "node-1 (dc1) +1 zone=all"}


def test_empty_says_why_for_each_source_and_only_if_all_are() -> None:
    """One source without instances is no emptiness while another has some."""
    full = make_answer(make_instance())
    nothing = make_answer(source=ConsulService("api"))
    critical = make_answer(make_instance(status=Status.CRITICAL))
    assert desired([full, nothing], IP).empty == ()
    assert desired([nothing, critical], IP) == Desired(
        {}, ("api is not in Consul's catalog", "none of 1 instances of web is passing")
    )
