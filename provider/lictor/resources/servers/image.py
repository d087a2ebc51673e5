"""``ConsulServerImage``: an image with Consul in it, baked by EC2 Image Builder.

State format: the type token and the names of the children stand in users' state.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pulumi

from lictor.resources.servers.arguments import Arguments
from lictor.resources.servers.ground import Lookups
from lictor.resources.servers.sdk import pulumi_aws
from lictor.servers import baking, names, policies
from lictor.settings import images

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lictor.settings.images import Image

TYPE = "lictor:index:ConsulServerImage"
_MANAGED = ("EC2InstanceProfileForImageBuilder", "AmazonSSMManagedInstanceCore")
_BAKERS = {
    baking.Architecture.X86_64: "t3.medium",
    baking.Architecture.ARM64: "t4g.medium",
}


class ConsulServerImage(pulumi.ComponentResource):
    """An image with a pinned Consul, its service stopped and not enabled.

    Made of an Image Builder component that checks what it downloads, a recipe, and where it is
    baked. What differs in content gets a name of its own, so that an old image keeps its recipe.
    """

    image_id: pulumi.Output[str]
    """Id of the AMI, for ``ConsulServerCluster``; empty where it is not built here."""
    recipe_arn: pulumi.Output[str]
    """ARN of the recipe, for a pipeline of one's own."""
    component_arn: pulumi.Output[str]
    """ARN of the component, for a recipe of one's own."""

    def __init__(  # noqa: PLR0913 - one argument for each setting, all but two by keyword
        self,
        resource_name: str,
        *,
        consul_version: str,
        sha256: str,
        architecture: str | None = None,
        archive_url: str | None = None,
        parent_image: str | None = None,
        instance_type: str | None = None,
        volume_size: int | None = None,
        subnet_id: pulumi.Input[str] | None = None,
        security_group_ids: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        build: bool | None = None,
        region: str | None = None,
        tags: Mapping[str, str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare an image.

        Args:
            resource_name: Unique in the stack, letters, digits, ``_`` and ``-``, at most 56.
            consul_version: Release of Consul, such as ``1.22.5``.
            sha256: Checksum of its archive for the architecture, from HashiCorp's ``SHA256SUMS``.
            architecture: ``x86_64`` (default) or ``arm64``.
            archive_url: Where the archive is. Default: HashiCorp's own place.
            parent_image: AMI, or ARN of an Image Builder image. Default: the newest Amazon Linux
                2023.
            instance_type: EC2 instance type that bakes. Default ``t3.medium`` or ``t4g.medium``.
            volume_size: Size of the image's root volume, in GiB. Default 8, from 8 to 16,384.
            subnet_id: Subnet in which it is baked. Default: AWS's choice in the default VPC.
            security_group_ids: Security groups of the instance that bakes; given with a subnet.
            build: Whether ``pulumi up`` bakes the image and waits for it, some 20 minutes. Default
                true.
            region: Region. Default: ``aws:region``.
            tags: Tags of every resource, the image too. Default: none.
            opts: Pulumi's options.

        Raises:
            pulumi.RunError: An argument is not as it should be, or pulumi-aws is not installed.
        """
        given = {key: value for key, value in locals().items() if key in images.ARGUMENTS}
        aws = pulumi_aws("ConsulServerImage")
        arguments = Arguments(resource_name, given, images.LATER)
        settings, release = _judged(arguments)
        super().__init__(TYPE, resource_name, {}, opts)
        kitchen = _Kitchen(aws, self, arguments, settings, release)
        component = kitchen.component()
        recipe = kitchen.recipe(component)
        self.component_arn, self.recipe_arn = component.arn, recipe.arn
        place = kitchen.infrastructure()
        self.image_id = (
            kitchen.image(recipe, place) if settings.build else pulumi.Output.from_input("")
        )
        self.register_outputs(
            {
                "imageId": self.image_id,
                "recipeArn": self.recipe_arn,
                "componentArn": self.component_arn,
            }
        )


def _judged(arguments: Arguments) -> tuple[Image, baking.Release]:
    """Read the arguments, and refuse what cannot be before anything is declared."""
    settings = arguments.judged(images.from_arguments)
    arguments.refuse("", names.image_refusal(arguments.name))
    arguments.refuse("consul_version", baking.version_refusal(settings.consul_version))
    arguments.refuse("sha256", baking.sha256_refusal(settings.sha256))
    for key, text in settings.tags.items():
        arguments.refuse("tags", names.tag_refusal(key, text))
    architecture = baking.Architecture(settings.architecture.value)
    release = baking.Release(
        settings.consul_version, settings.sha256, architecture, settings.archive_url
    )
    return settings, release


class _Kitchen:
    """The resources of one image, each declared by one method."""

    def __init__(
        self,
        aws: Any,  # noqa: ANN401 - pulumi-aws may not be there
        parent: pulumi.ComponentResource,
        arguments: Arguments,
        settings: Image,
        release: baking.Release,
    ) -> None:
        self._aws, self._arguments = aws, arguments
        self._settings, self._release = settings, release
        self._name = arguments.name
        self._opts = pulumi.ResourceOptions(parent=parent)
        self._where: dict[str, Any] = {"region": settings.region or None, "opts": self._opts}
        lookups = Lookups(self._name, settings.region, parent)
        self._region: pulumi.Output[str] = pulumi.Output.from_input(lookups.region())
        self._document = baking.document(release)

    def component(self) -> Any:  # noqa: ANN401 - pulumi-aws may not be there
        """Declare the steps that install Consul."""
        return self._aws.imagebuilder.Component(
            self._name,
            name=baking.unique(self._name, self._document),
            platform="Linux",
            version=self._release.number,
            description=f"Consul {self._release.version}",
            data=self._region.apply(lambda _region: self._document),
            tags=self._settings.tags,
            **self._where,
        )

    def recipe(self, component: Any) -> Any:  # noqa: ANN401 - the same
        """Declare what the image is made from."""
        settings = self._settings
        size = settings.volume_size
        parent = settings.parent_image or settings.architecture.value
        return self._aws.imagebuilder.ImageRecipe(
            self._name,
            name=baking.unique(self._name, self._document, parent, str(size), repr(settings.tags)),
            version=self._release.number,
            parent_image=settings.parent_image
            or self._region.apply(
                lambda region: baking.parent_image(self._release.architecture, region)
            ),
            components=[{"component_arn": component.arn}],
            block_device_mappings=[
                {
                    "device_name": "/dev/xvda",
                    "ebs": {
                        "encrypted": "true",
                        "volume_size": size,
                        "volume_type": "gp3",
                        "delete_on_termination": "true",
                    },
                }
            ],
            ami_tags=settings.tags,
            tags=settings.tags,
            **self._where,
        )

    def infrastructure(self) -> Any:  # noqa: ANN401 - the same
        """Declare where it is baked, and as whom."""
        settings = self._settings
        role = self._aws.iam.Role(
            self._name,
            description=f"Bakes the image {self._name}",
            assume_role_policy=self._region.apply(policies.trust),
            tags=settings.tags,
            opts=self._opts,
        )
        attached = [
            self._aws.iam.RolePolicyAttachment(
                f"{self._name}-{number}",
                role=role.name,
                policy_arn=self._region.apply(partial(policies.managed, policy)),
                opts=self._opts,
            )
            for number, policy in enumerate(_MANAGED)
        ]
        profile = self._aws.iam.InstanceProfile(
            self._name, role=role.name, tags=settings.tags, opts=self._opts
        )
        baker = settings.instance_type or _BAKERS[self._release.architecture]
        return self._aws.imagebuilder.InfrastructureConfiguration(
            self._name,
            description=f"Where the image {self._name} is baked",
            instance_profile_name=profile.name,
            instance_types=[baker],
            instance_metadata_options={"http_tokens": "required"},
            subnet_id=self._arguments.given.get("subnet_id"),
            security_group_ids=self._arguments.given.get("security_group_ids"),
            terminate_instance_on_failure=True,
            resource_tags=settings.tags,
            tags=settings.tags,
            region=self._where["region"],
            opts=pulumi.ResourceOptions.merge(
                self._opts, pulumi.ResourceOptions(depends_on=attached)
            ),
        )

    def image(self, recipe: Any, place: Any) -> pulumi.Output[str]:  # noqa: ANN401 - the same
        """Declare the image itself, and return its AMI's id."""
        image = self._aws.imagebuilder.Image(
            self._name,
            image_recipe_arn=recipe.arn,
            infrastructure_configuration_arn=place.arn,
            tags=self._settings.tags,
            **self._where,
        )
        made: pulumi.Output[Any] = image.output_resources
        return made.apply(lambda resources: str(resources[0].amis[0].image))
