"""Resources of the package `aws` as the stand-in makes them, each in a few lines of boto3.

Inputs come as Pulumi writes them: camelCase keys, and numbers as floats.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.aws.client import StandIn

Inputs = dict[str, Any]
Made = tuple[str, Inputs]
"""A resource's id, and the outputs that it has beside its inputs."""


class Kind(Protocol):
    """One type of resource.

    Attributes:
        fixed: Inputs whose change makes another resource.
        computed: Outputs that only AWS knows.
    """

    @property
    def fixed(self) -> tuple[str, ...]:
        """See above."""

    @property
    def computed(self) -> tuple[str, ...]:
        """See above."""

    def create(self, inputs: Inputs, /) -> Made:
        """Make it."""

    def update(self, ident: str, inputs: Inputs, /) -> Inputs:
        """Change it; return what `create` returns beside the id."""

    def delete(self, ident: str, inputs: Inputs, /) -> None:
        """Take it away."""


class _Base:
    fixed: tuple[str, ...] = ()
    computed: tuple[str, ...] = ("arn",)

    def __init__(self, aws: StandIn) -> None:
        self._iam: Any = aws.boto3("iam")
        self._ec2: Any = aws.boto3("ec2")
        self._elbv2: Any = aws.boto3("elbv2")
        self._scaling: Any = aws.boto3("autoscaling")

    def update(self, ident: str, inputs: Inputs) -> Inputs:
        """Refuse: most of what is here is made anew."""
        raise NotImplementedError(ident, inputs)


class TargetGroup(_Base):
    """A target group of the default VPC."""

    fixed = ("name", "port", "protocol", "targetType", "vpcId")

    def create(self, inputs: Inputs) -> Made:
        """Make it."""
        vpcs = self._ec2.describe_vpcs()["Vpcs"]
        group = self._elbv2.create_target_group(
            Name=inputs["name"],
            Port=int(inputs["port"]),
            Protocol=inputs["protocol"],
            TargetType=inputs.get("targetType", "instance"),
            VpcId=inputs.get("vpcId") or vpcs[0]["VpcId"],
        )["TargetGroups"][0]
        arn = group["TargetGroupArn"]
        return arn, {"arn": arn}

    def delete(self, ident: str, _inputs: Inputs) -> None:
        """Take it away."""
        self._elbv2.delete_target_group(TargetGroupArn=ident)


class Role(_Base):
    """A role; its description and boundary stay as they were made."""

    fixed = ("name",)

    def create(self, inputs: Inputs) -> Made:
        """Make it."""
        role = self._iam.create_role(
            RoleName=inputs["name"], AssumeRolePolicyDocument=inputs["assumeRolePolicy"]
        )
        return inputs["name"], {"arn": role["Role"]["Arn"]}

    def delete(self, ident: str, _inputs: Inputs) -> None:
        """Take it away."""
        self._iam.delete_role(RoleName=ident)


class RolePolicy(_Base):
    """A policy in a role."""

    fixed = ("name", "role")
    computed = ()

    def create(self, inputs: Inputs) -> Made:
        """Make it."""
        return f"{inputs['role']}:{inputs['name']}", self.update("", inputs)

    def update(self, _ident: str, inputs: Inputs) -> Inputs:
        """Write it over."""
        self._iam.put_role_policy(
            RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
        )
        return {}

    def delete(self, _ident: str, inputs: Inputs) -> None:
        """Take it away."""
        self._iam.delete_role_policy(RoleName=inputs["role"], PolicyName=inputs["name"])


class InstanceProfile(_Base):
    """A profile with one role in it."""

    fixed = ("name", "role")

    def create(self, inputs: Inputs) -> Made:
        """Make it."""
        name = inputs["name"]
        made = self._iam.create_instance_profile(InstanceProfileName=name)
        self._iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=inputs["role"])
        return name, {"arn": made["InstanceProfile"]["Arn"]}

    def delete(self, ident: str, inputs: Inputs) -> None:
        """Take it away."""
        role = inputs["role"]
        self._iam.remove_role_from_instance_profile(InstanceProfileName=ident, RoleName=role)
        self._iam.delete_instance_profile(InstanceProfileName=ident)


class SecurityGroup(_Base):
    """A security group with exactly the rules that are declared."""

    fixed = ("name", "vpcId", "description")

    def create(self, inputs: Inputs) -> Made:
        """Make it."""
        ident = self._ec2.create_security_group(
            GroupName=inputs["name"], Description=inputs["description"], VpcId=inputs["vpcId"]
        )["GroupId"]
        return ident, self.update(ident, inputs)

    def update(self, ident: str, inputs: Inputs) -> Inputs:
        """Take all rules away, and put those that are declared."""
        group = self._ec2.describe_security_groups(GroupIds=[ident])["SecurityGroups"][0]
        for way, there in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            if group[there]:
                revoke = getattr(self._ec2, f"revoke_security_group_{way}")
                revoke(GroupId=ident, IpPermissions=group[there])
            rules = [_permission(rule, ident) for rule in inputs.get(way, ())]
            authorize = getattr(self._ec2, f"authorize_security_group_{way}")
            authorize(GroupId=ident, IpPermissions=rules)
        return {"arn": f"arn:aws:ec2:us-west-2:123456789012:security-group/{ident}"}

    def delete(self, ident: str, _inputs: Inputs) -> None:
        """Take it away."""
        self._ec2.delete_security_group(GroupId=ident)


def _permission(rule: Mapping[str, Any], own: str) -> dict[str, Any]:
    """Write a rule as EC2 takes it."""
    groups = [*rule.get("securityGroups", ()), *([own] if rule.get("self") else ())]
    anything = rule["protocol"] == "-1"
    ports = {"FromPort": int(rule["fromPort"]), "ToPort": int(rule["toPort"])}
    return {
        "IpProtocol": rule["protocol"],
        **({} if anything else ports),
        "UserIdGroupPairs": [
            {"GroupId": group, "Description": rule["description"]} for group in groups
        ],
        "IpRanges": [
            {"CidrIp": block, "Description": rule["description"]}
            for block in rule.get("cidrBlocks", ())
        ],
    }


class LaunchTemplate(_Base):
    """A launch template; each change is a version of its own."""

    fixed = ("name",)
    computed = ("arn", "latestVersion", "defaultVersion")

    def create(self, inputs: Inputs) -> Made:
        """Make it."""
        ident = self._ec2.create_launch_template(
            LaunchTemplateName=inputs["name"], LaunchTemplateData=_launch(inputs)
        )["LaunchTemplate"]["LaunchTemplateId"]
        return ident, _version(ident, 1)

    def update(self, ident: str, inputs: Inputs) -> Inputs:
        """Make the next version."""
        made = self._ec2.create_launch_template_version(
            LaunchTemplateId=ident, LaunchTemplateData=_launch(inputs)
        )["LaunchTemplateVersion"]
        return _version(ident, made["VersionNumber"])

    def delete(self, ident: str, _inputs: Inputs) -> None:
        """Take it away."""
        self._ec2.delete_launch_template(LaunchTemplateId=ident)


def _version(ident: str, number: int) -> Inputs:
    arn = f"arn:aws:ec2:us-west-2:123456789012:launch-template/{ident}"
    return {"arn": arn, "latestVersion": number, "defaultVersion": number}


def _launch(inputs: Inputs) -> dict[str, Any]:
    """Write launch template data as EC2 takes it."""
    metadata = inputs["metadataOptions"]
    disk = inputs["blockDeviceMappings"][0]
    return {
        "ImageId": inputs["imageId"],
        "InstanceType": inputs["instanceType"],
        "IamInstanceProfile": {"Arn": inputs["iamInstanceProfile"]["arn"]},
        "SecurityGroupIds": inputs["vpcSecurityGroupIds"],
        "UserData": inputs["userData"],
        "MetadataOptions": {
            "HttpTokens": metadata["httpTokens"],
            "HttpEndpoint": metadata["httpEndpoint"],
            "HttpPutResponseHopLimit": int(metadata["httpPutResponseHopLimit"]),
            "InstanceMetadataTags": metadata["instanceMetadataTags"],
        },
        "BlockDeviceMappings": [
            {
                "DeviceName": disk["deviceName"],
                "Ebs": {
                    "Encrypted": disk["ebs"]["encrypted"] == "true",
                    "VolumeSize": int(disk["ebs"]["volumeSize"]),
                    "VolumeType": disk["ebs"]["volumeType"],
                },
            }
        ],
        "TagSpecifications": [
            {
                "ResourceType": each["resourceType"],
                "Tags": [{"Key": key, "Value": value} for key, value in each["tags"].items()],
            }
            for each in inputs["tagSpecifications"]
        ],
    }


class ScalingGroup(_Base):
    """An Auto Scaling group, whose instances the stand-in starts and ends."""

    fixed = ("name",)

    def create(self, inputs: Inputs) -> Made:
        """Make it."""
        self._scaling.create_auto_scaling_group(
            **_group(inputs), DesiredCapacity=int(inputs["desiredCapacity"]), Tags=_tags(inputs)
        )
        return inputs["name"], self._arn(inputs)

    def update(self, _ident: str, inputs: Inputs) -> Inputs:
        """Change it; instances come and go."""
        self._scaling.create_or_update_tags(Tags=_tags(inputs))
        self._scaling.update_auto_scaling_group(
            **_group(inputs), DesiredCapacity=int(inputs["desiredCapacity"])
        )
        return self._arn(inputs)

    def delete(self, ident: str, _inputs: Inputs) -> None:
        """Take it away with its instances."""
        self._scaling.delete_auto_scaling_group(AutoScalingGroupName=ident, ForceDelete=True)

    @staticmethod
    def _arn(inputs: Inputs) -> Inputs:
        return {"arn": f"arn:aws:autoscaling:us-west-2:123456789012:group/{inputs['name']}"}


def _group(inputs: Inputs) -> dict[str, Any]:
    template = inputs["launchTemplate"]
    return {
        "AutoScalingGroupName": inputs["name"],
        "MinSize": int(inputs["minSize"]),
        "MaxSize": int(inputs["maxSize"]),
        "VPCZoneIdentifier": ",".join(inputs["vpcZoneIdentifiers"]),
        "LaunchTemplate": {"LaunchTemplateId": template["id"], "Version": template["version"]},
        "HealthCheckType": inputs["healthCheckType"],
        "HealthCheckGracePeriod": int(inputs["healthCheckGracePeriod"]),
    }


def _tags(inputs: Inputs) -> list[dict[str, Any]]:
    return [
        {
            "ResourceId": inputs["name"],
            "ResourceType": "auto-scaling-group",
            "Key": tag["key"],
            "Value": tag["value"],
            "PropagateAtLaunch": tag["propagateAtLaunch"],
        }
        for tag in inputs["tags"]
    ]


class Noted(_Base):
    """What moto does not know: it is as it was declared, and has an ARN."""

    def __init__(self, aws: StandIn, **outputs: Any) -> None:  # noqa: ANN401 - of any type
        super().__init__(aws)
        self._outputs = outputs
        self.computed = ("arn", *outputs)

    def create(self, _inputs: Inputs) -> Made:
        """Make it up."""
        arn = f"arn:aws:made-up:us-west-2:123456789012:{uuid.uuid4()}"
        return arn, {"arn": arn, **self._outputs}

    def update(self, ident: str, _inputs: Inputs) -> Inputs:
        """Take whatever comes."""
        return {"arn": ident, **self._outputs}

    def delete(self, ident: str, inputs: Inputs) -> None:
        """Forget it."""


def kinds(aws: StandIn) -> dict[str, Kind]:
    """Return every type that the stand-in can make, by its token."""
    return {
        "aws:lb/targetGroup:TargetGroup": TargetGroup(aws),
        "aws:iam/role:Role": Role(aws),
        "aws:iam/rolePolicy:RolePolicy": RolePolicy(aws),
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Noted(aws),
        "aws:iam/instanceProfile:InstanceProfile": InstanceProfile(aws),
        "aws:ec2/securityGroup:SecurityGroup": SecurityGroup(aws),
        "aws:ec2/launchTemplate:LaunchTemplate": LaunchTemplate(aws),
        "aws:autoscaling/group:Group": ScalingGroup(aws),
        "aws:imagebuilder/component:Component": Noted(aws),
        "aws:imagebuilder/imageRecipe:ImageRecipe": Noted(aws),
        "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration": Noted(aws),
        "aws:imagebuilder/image:Image": Noted(
            aws, outputResources=[{"amis": [{"image": "ami-04681a1dbd79675a5"}]}]
        ),
    }
