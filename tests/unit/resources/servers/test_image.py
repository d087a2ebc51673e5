"""`ConsulServerImage` against mocks: every resource and property, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

import lictor
from lictor.servers import baking

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.resources.servers.conftest import Engine

SHA = "0" * 64
COMPONENT = "aws:imagebuilder/component:Component"
RECIPE = "aws:imagebuilder/imageRecipe:ImageRecipe"
PLACE = "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration"
IMAGE = "aws:imagebuilder/image:Image"


pytestmark = pytest.mark.xdist_group("servers")  # pulumi-aws takes seconds to import


def image(name: str = "main", **arguments: Any) -> Callable[[], dict[str, Any]]:  # noqa: ANN401 - arguments
    """Make a program that declares one image and exports what it gives out."""
    given = {"consul_version": "1.22.5", "sha256": SHA, **arguments}

    def program() -> dict[str, Any]:
        made = lictor.ConsulServerImage(name, **given)
        return {"image": made.image_id, "recipe": made.recipe_arn, "component": made.component_arn}

    return program


def test_the_least(engine: Engine) -> None:
    """Component, recipe, a place to bake in, and the image itself."""
    assert engine.run(image()) == {
        "image": "ami-baked",
        "recipe": "arn:main",
        "component": "arn:main",
    }
    assert {typ for typ, _ in engine.declared} >= {COMPONENT, RECIPE, PLACE, IMAGE}


def test_the_component(engine: Engine) -> None:
    """It holds the document, under a name that changes with it."""
    engine.run(image(tags={"team": "x"}))
    component = engine.one(COMPONENT)
    assert component["data"] == baking.document(baking.Release("1.22.5", SHA))
    assert (component["platform"], component["version"]) == ("Linux", "1.22.5")
    assert component["tags"] == {"team": "x"}
    engine.declared.clear()
    engine.run(image(sha256="1" * 64))
    assert engine.one(COMPONENT)["name"] != component["name"]


def test_the_recipe(engine: Engine) -> None:
    """The newest Amazon Linux, the component, an encrypted volume."""
    engine.run(image(volume_size=12, tags={"team": "x"}))
    recipe = engine.one(RECIPE)
    assert recipe["components"] == [{"componentArn": "arn:main"}]
    assert recipe["parentImage"].endswith("us-west-2:aws:image/amazon-linux-2023-x86/x.x.x")
    assert recipe["version"] == "1.22.5"
    disk = recipe["blockDeviceMappings"][0]["ebs"]
    assert (disk["encrypted"], disk["volumeSize"]) == ("true", 12)
    assert recipe["amiTags"] == recipe["tags"] == {"team": "x"}
    engine.declared.clear()
    engine.run(image(parent_image="ami-0123abcd"))
    assert engine.one(RECIPE)["parentImage"] == "ami-0123abcd"
    assert engine.one(RECIPE)["name"] != recipe["name"]


def test_where_it_is_baked(engine: Engine) -> None:
    """As a role of its own, with the two policies of AWS's that Image Builder asks for."""
    engine.run(image(subnet_id="subnet-1", security_group_ids=["sg-1"], architecture="arm64"))
    place = engine.one(PLACE)
    assert place["instanceProfileName"] == "main"
    assert place["instanceTypes"] == ["t4g.medium"]
    assert place["instanceMetadataOptions"] == {"httpTokens": "required"}
    assert (place["subnetId"], place["securityGroupIds"]) == ("subnet-1", ["sg-1"])
    assert place["terminateInstanceOnFailure"] is True
    attached = engine.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment").values()
    assert sorted(each["policyArn"] for each in attached) == [
        "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
        "arn:aws:iam::aws:policy/EC2InstanceProfileForImageBuilder",
    ]
    trust = json.loads(engine.one("aws:iam/role:Role")["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert "arm64" in engine.one(COMPONENT)["data"]
    baked = engine.one(IMAGE)
    assert baked["imageRecipeArn"] == baked["infrastructureConfigurationArn"] == "arn:main"


def test_only_the_recipe(engine: Engine) -> None:
    """For a pipeline of one's own."""
    assert engine.run(image(build=False))["image"] == ""
    assert engine.of(IMAGE) == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"consul_version": "latest"}, "main: consul_version: expected a release such as 1.22.5"),
        ({"sha256": "abc"}, "main: sha256: expected 64 hexadecimal digits"),
        ({"architecture": "sparc"}, "main: architecture: expected one of x86_64, arm64"),
        ({"subnet_id": "subnet-1"}, "main: security_group_ids: is required"),
        ({"tags": {"a/b": "c"}}, "main: tags: the tag 'a/b' cannot be told"),
    ],
)
def test_arguments_that_cannot_be(arguments: dict[str, Any], said: str) -> None:
    """One line, and nothing is declared."""
    with pytest.raises(pulumi.RunError) as caught:
        image(**arguments)()
    assert str(caught.value).startswith(said)


def test_a_name_with_dots() -> None:
    """Image Builder takes none."""
    with pytest.raises(pulumi.RunError, match=r"^consul-1\.22: the name of an image takes no dots"):
        image("consul-1.22")()
