"""Where the source asks and as whom: partitions, regions, profiles, endpoints, certificates; and what it loads when."""

import ipaddress
import ssl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.sources.worlds import ARN, V19, document, known
from tests.support.fake_iam import FakeIam
from tracker.errors import SetupError
from tracker.model.asking import Answer
from tracker.model.identity import PolicyArn
from tracker.sources.iam import IamSource
from tracker.sources.iam_client import HOME_REGION, partition_of

if TYPE_CHECKING:
    from tracker.sources.source import Source


@pytest.mark.parametrize(
    ("partition", "configured", "signed_for"),
    [
        ("aws", "", "us-east-1"),
        ("aws", "eu-central-1", "eu-central-1"),
        ("aws", "cn-northwest-1", "us-east-1"),
        ("aws-cn", "", "cn-north-1"),
        ("aws-cn", "cn-northwest-1", "cn-northwest-1"),
        ("aws-cn", "eu-central-1", "cn-north-1"),
        ("aws-us-gov", "", "us-gov-west-1"),
        ("aws-us-gov", "us-gov-east-1", "us-gov-east-1"),
    ],
)
def test_the_partition_of_the_arn_decides_where_it_asks(
    partition: str, configured: str, signed_for: str, iam: FakeIam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", configured)
    if not configured:
        monkeypatch.delenv("AWS_DEFAULT_REGION")
    arn = PolicyArn(partition, "ReadOnlyAccess")
    iam.put(arn, "v1", document("s3:Get*"), V19[1])
    source = IamSource()
    assert source.look(arn, known()).default is not None
    assert {call.region for call in iam.calls} == {signed_for}
    source.close()


def test_one_source_asks_several_partitions(iam: FakeIam, source: IamSource) -> None:
    asked: Source = source
    for partition in ("aws", "aws-cn", "aws-us-gov"):
        asked.look(iam_policy(iam, partition), known(V19))
    assert [call.region for call in iam.calls] == ["us-east-1", "cn-north-1", "us-gov-west-1"]


def iam_policy(iam: FakeIam, partition: str) -> PolicyArn:
    arn = PolicyArn(partition, "ReadOnlyAccess")
    iam.put(arn, "v19", document("s3:Get*"), V19[1])
    return arn


def test_the_home_regions_are_those_of_the_partitions() -> None:
    """Against botocore's own table: the region lies in the partition, and IAM's host there in its domain."""
    from botocore.loaders import Loader
    from botocore.session import Session

    for partition in Loader().load_data("partitions")["partitions"]:
        name = partition["id"]
        assert name in HOME_REGION
        assert HOME_REGION[name] in partition["regions"]
        for region in partition["regions"]:
            if not region.endswith("-global"):
                assert partition_of(region) == name
        client = Session().create_client("iam", region_name=HOME_REGION[name])
        assert client.meta.endpoint_url.endswith(
            (partition["outputs"]["dnsSuffix"], partition["outputs"]["dualStackDnsSuffix"])
        )
        assert client.meta.partition == name
        client.close()


def test_an_endpoint_given_outright_is_asked(iam: FakeIam, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", "http://iam.policy-tracker.invalid")
    source = IamSource(endpoint_url=iam.url)
    assert source.look(ARN, known(V19)) == Answer(ARN, V19)
    source.close()


def test_region_and_profile_given_outright_win(
    iam: FakeIam, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(
        f"[profile audit]\nregion = eu-west-1\naws_access_key_id = AKIDAUDIT\naws_secret_access_key = x\n"
        f"services = local\n[services local]\niam =\n  endpoint_url = {iam.url}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_ENDPOINT_URL_IAM", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    for region, signed_for in (("", "eu-west-1"), ("eu-north-1", "eu-north-1")):
        source = IamSource(profile="audit", region=region)
        assert source.look(ARN, known(V19)) == Answer(ARN, V19)
        assert iam.calls[-1].region == signed_for
        assert iam.calls[-1].access_key == "AKIDAUDIT"
        source.close()


def test_threads_share_a_source(iam: FakeIam, source: IamSource) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: source.look(ARN, known(V19)), range(20)))
    assert answers == [Answer(ARN, V19)] * 20
    assert iam.actions == ["GetPolicy"] * 20


@pytest.mark.parametrize("attempts", [0, -1])
def test_no_attempt_at_all_is_a_mistake_of_the_settings(attempts: int) -> None:
    with pytest.raises(SetupError, match="attempts"):
        IamSource(attempts=attempts)


def test_nothing_is_imported_or_connected_before_the_first_look() -> None:
    code = (
        "import sys\nfrom tracker.sources.iam import IamSource\nIamSource()\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('boto3', 'botocore', 'urllib3')"
        " or m == 'tracker.policy.parse'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


@pytest.fixture
def untrusted(tmp_path: Path) -> Iterator[tuple[FakeIam, str]]:
    """A fake IAM behind TLS with a certificate that nobody signed, and the path of that certificate."""
    with FakeIam() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_self_signed(tmp_path))
        server.encrypt(context)
        server.put(ARN, "v19", document("s3:ListBucket"), V19[1])
        yield server, str(tmp_path / "pair.pem")


def _self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pair = folder / "pair.pem"
    pair.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return pair


def test_a_certificate_that_nobody_signed_is_refused(
    untrusted: tuple[FakeIam, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, certificate = untrusted
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    source = IamSource(attempts=1)
    with pytest.raises(SetupError, match="certificate") as caught:
        source.look(ARN, known(V19))
    assert "AWS_CA_BUNDLE" in caught.value.advice
    assert server.calls == []
    monkeypatch.setenv("AWS_CA_BUNDLE", certificate)
    assert IamSource(attempts=1).look(ARN, known(V19)) == Answer(ARN, V19)


def test_closing_twice_is_nothing_special(source: IamSource) -> None:
    source.look(ARN, known(V19))
    source.close()
    source.close()
    assert source.look(ARN, known(V19)) == Answer(ARN, V19)
