"""What the documents of one history share."""

from tests.support.policies import CATALOGUE, allowing
from tracker.changes.sharing import Shared


def test_what_a_document_reaches_beside_another_is_found_once() -> None:
    expanded = Shared(CATALOGUE).expanded(allowing("s3:GetObj*", "a:Own"))
    alone, beside = expanded.reach(), expanded.reach({"s3:getobjectnews"})
    assert sorted(beside.signatures.keys() - alone.signatures.keys()) == ["s3:getobjectnews"]
    assert beside.alone is alone
    assert expanded.reach({"s3:getobjectnews"}) is beside
    assert expanded.reach({"a:own"}) is alone  # its own is nothing new
    assert "s3:getobjectnews" not in expanded.reach({"s3:getobjectmore"}).signatures
