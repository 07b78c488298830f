"""Names of services from tags in AWS: what is asked, how often, and what AWS's answers lead to; then with all that ships."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest

from tests.alb.aws import ENVIRON, Aws, arn_of
from tests.alb.elb_fake import ElbFake, Fault
from tests.alb.lines import KEY, Fields
from tests.aws.deploys import deploy, document
from tests.cli.conftest import Ran
from tests.cli.program import ROOT
from tests.k8s.objects_of import objects
from tests.push.loki_fake import LokiFake
from tests.push.loki_store import NO_LIMITS
from xray_grafana.alb.function import function_from
from xray_grafana.alb.streams import Services
from xray_grafana.alb.tags import ServiceTags
from xray_grafana.cli.main import main
from xray_grafana.config import Config
from xray_grafana.errors import SourceError
from xray_grafana.k8s.shipper import build_shipper

pytestmark = pytest.mark.enable_socket

PLACE = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:"
GROUP = f"{PLACE}targetgroup/checkout/943f017f100becff"
BALANCER = f"{PLACE}loadbalancer/app/shop-front/50dc6c495c0c9188"
HOUR = 3600.0
HINT = "name its service by alb_logs.services, for which AWS is not asked, or leave alb_logs.service_tag out"


@dataclass
class Asking:
    """Tags of `elb`, asked at a time that a test sets."""

    elb: ElbFake
    now: float = 5.0
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tags = ServiceTags(self.elb.client, "service", self.notes.append, lambda: self.now)

    def __call__(self, arn: str = GROUP) -> str | None:
        return self.tags.name_of(arn)


@pytest.fixture
def ask() -> Iterator[Asking]:
    with ElbFake({GROUP: {"team": "shop", "service": "checkout"}, BALANCER: {"service": "storefront"}}) as elb:
        yield Asking(elb)


# What is asked


def test_the_value_of_the_tag_is_the_service(ask: Asking) -> None:
    assert (ask(GROUP), ask(BALANCER), ask(GROUP.replace("checkout", "cart"))) == ("checkout", "storefront", None)


def test_aws_is_asked_in_the_region_of_the_resource(ask: Asking) -> None:
    ask(GROUP.replace("eu-west-1", "us-east-2"))
    assert ask.elb.asked == [("us-east-2", GROUP.replace("eu-west-1", "us-east-2"))]


def test_a_load_balancer_is_asked_for_by_its_arn(ask: Asking) -> None:
    assert ask.tags.name_of_load_balancer("123456789012", "eu-west-1", "app/shop-front/50dc6c495c0c9188") == "storefront"
    ask.tags.name_of_load_balancer("123456789012", "cn-north-1", "net/tls/0123456789abcdef")
    assert ask.elb.asked == [
        ("eu-west-1", BALANCER),
        ("cn-north-1", "arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:loadbalancer/net/tls/0123456789abcdef"),
    ]


@pytest.mark.parametrize(
    ("account", "region", "load_balancer"),
    [
        ("123456789012", "eu-west-1", "classic"),
        ("123456789012", "eu-west-1", ""),
        ("", "", "app/shop-front/50dc6c495c0c9188"),
        ("123456789012", "eu-west-1", "app/shop-front"),
    ],
)
def test_what_has_no_arn_is_not_asked_for(ask: Asking, account: str, region: str, load_balancer: str) -> None:
    assert ask.tags.name_of_load_balancer(account, region, load_balancer) is None
    assert ask.elb.asked == []


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "-",
        GROUP + "\n",
        GROUP.replace("eu-west-1", "evil.example.net/"),
        GROUP.replace("eu-west-1", ""),
        GROUP.replace("elasticloadbalancing", "s3"),
        GROUP.replace("123456789012", "12345678901٢"),
        GROUP.replace("943f017f100becff", "943f"),
        PLACE + "loadbalancer/classic",
    ],
)
def test_what_aws_did_not_write_is_not_asked_for(ask: Asking, arn: str) -> None:
    assert ask(arn) is None
    assert ask.elb.asked == []


# How often


def test_aws_is_asked_once_an_hour(ask: Asking) -> None:
    assert (ask(), ask()) == ("checkout", "checkout")
    ask.elb.tags[GROUP]["service"] = "payments"
    ask.now += HOUR - 1
    assert (ask(), len(ask.elb.asked)) == ("checkout", 1)
    ask.now += 1
    assert (ask(), ask(), len(ask.elb.asked)) == ("payments", "payments", 2)


def test_that_there_is_no_tag_is_known_for_an_hour_too(ask: Asking) -> None:
    ask.elb.tags.clear()
    assert (ask(), ask(), len(ask.elb.asked)) == (None, None, 1)


def test_threads_that_meet_a_new_target_group_together_ask_once_and_do_not_wait_for_another(ask: Asking) -> None:
    ask.elb.seconds = 0.2
    other = GROUP.replace("checkout", "cart")
    start = threading.Barrier(16)

    def name_of(arn: str) -> str | None:
        start.wait()
        return ask(arn)

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(name_of, [GROUP, other] * 8)) == ["checkout", None] * 8
    assert sorted(ask.elb.asked) == [("eu-west-1", other), ("eu-west-1", GROUP)]


def test_what_was_not_met_for_longest_is_forgotten_first(ask: Asking) -> None:
    tags = ServiceTags(ask.elb.client, "service", ask.notes.append, kept_max=3)
    others = [f"{PLACE}targetgroup/checkout/{number:016x}" for number in range(3)]
    for arn in (GROUP, BALANCER, others[0], GROUP, others[1], GROUP, others[2], GROUP, others[1]):
        tags.name_of(arn)
    assert [arn for _, arn in ask.elb.asked] == [GROUP, BALANCER, *others]
    tags.name_of(BALANCER)
    assert [arn for _, arn in ask.elb.asked][5:] == [BALANCER]


# What AWS answers


@pytest.mark.parametrize("code", ["LoadBalancerNotFound", "TargetGroupNotFound", "ValidationError"])
def test_what_is_deleted_has_no_tag(ask: Asking, code: str) -> None:
    ask.elb.faults[GROUP] = Fault(400, code)
    assert (ask(), ask(), ask.notes) == (None, None, [])
    assert len(ask.elb.asked) == 1


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_a_refusal_is_told_once_and_holds_for_that_account_and_region_for_an_hour(ask: Asking, code: str) -> None:
    theirs = GROUP.replace("123456789012", "444455556666")
    more = theirs.replace("checkout", "cart")
    ask.elb.faults[theirs] = Fault(403, code)
    ask.elb.tags |= {more: {"service": "cart"}, theirs: {"service": "theirs"}, theirs.replace("eu-west-1", "eu-north-1"): {"service": "n"}}

    assert (ask(theirs), ask(more), ask(theirs)) == (None, None, None)
    assert (ask(GROUP), ask(theirs.replace("eu-west-1", "eu-north-1"))) == ("checkout", "n")
    assert ask.notes == [
        (
            "AWS does not let this shipper read tags of account 444455556666 in eu-west-1 (elasticloadbalancing:DescribeTags): "
            "its load balancers go by alb_logs.services or their own names"
        )
    ]
    assert len(ask.elb.asked) == 3
    ask.now += HOUR
    assert (ask(theirs), len(ask.notes)) == (None, 1)
    ask.now += HOUR
    ask.elb.faults.clear()
    assert (ask(theirs), ask(more)) == ("theirs", "cart")


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [(400, "Throttling", None), (503, "ServiceUnavailable", None), (403, "ExpiredToken", HINT), (403, "InvalidClientTokenId", HINT)],
)
def test_a_fault_fails_the_object_for_now_because_its_lines_would_land_elsewhere(
    ask: Asking, status: int, code: str, hint: str | None
) -> None:
    ask.elb.faults[GROUP] = Fault(status, code)
    with pytest.raises(SourceError) as caught:
        ask()
    assert (caught.value.permanent, caught.value.where) == (False, "")
    assert caught.value.summary == f"cannot read the tags of {GROUP}: {code}: No."
    assert caught.value.hint == hint
    ask.elb.faults.clear()
    assert ask() == "checkout"


def test_an_aws_that_cannot_be_reached_fails_the_object_for_now() -> None:
    with ElbFake() as elb:
        client = elb.client("eu-west-1")
    with pytest.raises(SourceError, match="cannot read the tags of") as caught:
        ServiceTags(lambda _: client, "service", print).name_of(GROUP)
    assert not caught.value.permanent
    client.close()


def test_what_is_known_holds_as_long_as_aws_cannot_be_asked(ask: Asking) -> None:
    assert ask() == "checkout"
    ask.elb.faults[GROUP] = Fault(503, "ServiceUnavailable")
    ask.elb.tags[GROUP]["service"] = "payments"
    ask.now += 9 * HOUR
    assert (ask(), ask(), len(ask.elb.asked)) == ("checkout", "checkout", 3)
    ask.elb.faults.clear()
    assert ask() == "payments"


@pytest.mark.parametrize("value", ["", "a*", "a\tb", 'a"b', "a{b}", "x" * 201, "a : b"])
def test_a_value_that_is_no_service_name_is_not_used_and_not_repeated(ask: Asking, value: str) -> None:
    ask.elb.tags[GROUP]["service"] = value
    assert ask() is None
    assert ask.notes == [
        (
            f"the tag service of {GROUP} is not used: expected an X-Ray service name: "
            r"1 to 200 letters, digits, blanks or _ . : / % & # = + \ - @"
        )
    ]


@pytest.mark.parametrize("value", ["Café 東京", "x" * 200])
def test_a_service_may_be_called_as_the_map_calls_it(ask: Asking, value: str) -> None:
    ask.elb.tags[GROUP]["service"] = value
    assert ask() == value


# Which of all names a line goes by


@pytest.mark.parametrize(
    ("names", "group_tag", "balancer_tag", "service", "asked"),
    [
        ({}, "checkout", "storefront", "checkout", 1),
        ({}, None, "storefront", "storefront", 2),
        ({}, "no*", "storefront", "storefront", 2),
        ({}, None, None, "shop-front", 2),
        ({"targetgroup/checkout": "named"}, "checkout", "storefront", "named", 0),
        ({"app/shop-front": "named"}, "checkout", "storefront", "named", 0),
        ({"app/other": "named"}, "checkout", "storefront", "checkout", 1),
    ],
)
def test_the_config_names_before_tags_and_the_target_group_before_the_load_balancer(
    names: dict[str, str], group_tag: str | None, balancer_tag: str | None, service: str, asked: int
) -> None:
    tags = {arn: {"service": tag} for arn, tag in ((GROUP, group_tag), (BALANCER, balancer_tag)) if tag is not None}
    with ElbFake(tags) as elb:
        services = Services(names, ServiceTags(elb.client, "service", print))
        assert services.need_target_group
        assert services.name_of("app/shop-front/50dc6c495c0c9188", GROUP, "123456789012", "eu-west-1") == service
        assert len(elb.asked) == asked


# With all that ships, and an Elastic Load Balancing that has load balancers


@dataclass(frozen=True)
class Shop:
    """A load balancer with a tag, a target group with another and one without; an object with a line of each, and one of neither."""

    key: str
    lines: list[bytes]

    @property
    def data(self) -> bytes:
        return gzip.compress(b"\n".join(self.lines) + b"\n")


@pytest.fixture
def shop(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    session = boto3.session.Session()
    ec2, elb = (session.client(service, endpoint_url=aws.url) for service in ("ec2", "elbv2"))
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    name = aws.bucket
    made = elb.create_load_balancer(Name=name, Subnets=subnets, Tags=[{"Key": "service", "Value": "storefront"}])["LoadBalancers"]
    balancer = made[0]["LoadBalancerArn"].partition("loadbalancer/")[2]
    common = {"Protocol": "HTTP", "Port": 80, "VpcId": vpc}
    tagged, untagged = (
        elb.create_target_group(Name=f"{name}-{each}", **common, **more)["TargetGroups"][0]["TargetGroupArn"]
        for each, more in (("a", {"Tags": [{"Key": "service", "Value": "checkout"}]}), ("b", {}))
    )
    lines = [Fields(elb=balancer, target_group_arn=group).line() for group in (tagged, untagged, "-")]
    yield Shop(KEY.replace("app.shop-front.50dc6c495c0c9188", balancer.replace("/", ".")), lines)
    ec2.close()
    elb.close()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        code = main(arguments)
        return Ran(code, *capsys.readouterr())

    return call


def services_of(loki: LokiFake, shop: Shop) -> list[list[str]]:
    """The services under which each line stands."""
    names = {
        name: {entry.line for entry in loki.taken({"log_type": "access", "service_name": name})} for name in ("checkout", "storefront")
    }
    return [[name for name, lines in names.items() if line in lines] for line in shop.lines]


BY_TAGS = [["checkout"], ["storefront"], ["storefront"]]


@pytest.mark.parametrize("by_option", [True, False])
def test_a_file_is_shipped_under_the_services_that_tags_name(
    shop: Shop, run: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, by_option: bool
) -> None:
    file = tmp_path / Path(shop.key).name
    file.write_bytes(shop.data)
    monkeypatch.setenv("ALB_SERVICE_TAG", "other" if by_option else "service")
    with LokiFake(NO_LIMITS) as loki:
        ran = run("alb", "ship", str(file), "--loki", loki.url, "--again", *(("--service-tag", "service") if by_option else ()))
        assert (ran.code, ran.err) == (0, "")
        assert services_of(loki, shop) == BY_TAGS


def test_a_name_given_by_hand_goes_before_a_tag(shop: Shop, run: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / Path(shop.key).name
    file.write_bytes(shop.data)
    group = shop.lines[1].partition(b":targetgroup/")[2].partition(b"/")[0].decode()
    with LokiFake(NO_LIMITS) as loki:
        options = ("--again", "--service-tag", "service", "--service", f"targetgroup/{group}=checkout")
        assert run("alb", "ship", str(file), "--loki", loki.url, *options).code == 0
        assert services_of(loki, shop) == [["checkout"], ["checkout"], ["storefront"]]


def test_the_worker_takes_the_tag_from_its_environment_and_asks_at_the_address_it_is_given(
    aws: Aws, shop: Shop, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("ALB_SERVICE_TAG", "service")
    aws.put(shop.key, shop.data)
    with LokiFake(NO_LIMITS) as loki:
        ran = run("alb", "work", "--queue", aws.queue_url, "--loki", loki.url, "--endpoint-url", aws.url, "--drain")
        assert (ran.code, ran.err) == (0, "")
        assert services_of(loki, shop) == BY_TAGS


def function_environment(config: Config) -> dict[str, str]:
    variables = document(config, "aws/alb-logs.yaml")["Resources"]["Shipper"]["Properties"]["Environment"]["Variables"]
    return {name: value for name, value in variables.items() if isinstance(value, str)}


def pod_environment(config: Config) -> dict[str, str]:
    [made] = [each for each in objects(build_shipper(config)) if each["kind"] == "Deployment"]
    return {each["name"]: each["value"] for each in made["spec"]["template"]["spec"]["containers"][0]["env"]}


@pytest.mark.parametrize(("consumer", "environment_of"), [("lambda", function_environment), ("deployment", pod_environment)])
def test_the_shipper_reads_what_the_bundle_puts_into_its_environment(
    aws: Aws, shop: Shop, consumer: str, environment_of: Callable[[Config], dict[str, str]]
) -> None:
    environ = environment_of(deploy("alb_logs.service_tag=service", f"alb_logs.consumer={consumer}"))
    record = aws.store(shop.key, shop.data)
    with LokiFake(NO_LIMITS) as loki, function_from({**environ, "LOKI_URL": loki.url}) as function:
        assert function({"Records": [record]}, _Time()) is None
        assert services_of(loki, shop) == BY_TAGS


class _Time:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def test_an_object_whose_tags_cannot_be_read_comes_back_and_none_of_its_lines_is_in_loki(aws: Aws) -> None:
    record = aws.store(KEY, gzip.compress(Fields(target_group_arn=GROUP).line()))
    aws.send({"Records": [record]})
    [message] = aws.take()
    event = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn_of(aws.queue_name),
    }
    with (
        ElbFake(faults={GROUP: Fault(400, "InvalidAction")}) as elb,
        LokiFake(NO_LIMITS) as loki,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("AWS_ENDPOINT_URL", aws.url)
        patch.setenv("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", elb.url)
        with function_from({"LOKI_URL": loki.url, "ALB_SERVICE_TAG": "service"}) as function:
            assert function({"Records": [event]}, _Time()) == {"batchItemFailures": [{"itemIdentifier": message["MessageId"]}]}
        assert loki.taken({"log_type": "access"}) == []
    assert (aws.waiting(), aws.dead()) == ((0, 1, 0), 0)


def test_a_run_says_of_which_object_the_tags_cannot_be_read(
    run: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / Path(KEY).name
    file.write_bytes(gzip.compress(Fields(target_group_arn=GROUP).line()))
    with ElbFake(faults={GROUP: Fault(403, "ExpiredToken")}) as elb, LokiFake(NO_LIMITS) as loki:
        monkeypatch.setenv("AWS_ENDPOINT_URL", elb.url)
        ran = run("alb", "ship", str(file), "--loki", loki.url, "--again", "--service-tag", "service")
    assert ran.code == 1
    assert f"error: {file}: cannot read the tags of {GROUP}: ExpiredToken: No.\n  hint: {HINT}\n" in ran.err


def test_without_a_tag_a_file_needs_nothing_of_aws(tmp_path: Path) -> None:
    file = tmp_path / Path(KEY).name
    file.write_bytes(gzip.compress(Fields().line()))
    modules = "{'boto3', 'botocore', 'pydantic'} & set(sys.modules)"
    code = f"import sys\nfrom xray_grafana.cli.main import main\nmain(sys.argv[1:])\nprint({modules})"
    with LokiFake(NO_LIMITS) as loki:
        done = subprocess.run(
            [sys.executable, "-c", code, "alb", "ship", str(file), "--loki", loki.url, "--again"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.startswith("1 shipped in "), done.stderr
    assert done.stdout.endswith("set()\n")
