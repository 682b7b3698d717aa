"""What a bucket keeps of files that were deleted: where versioning is switched on, or was once, an old version of each.

To delete a file there is to put a marker over it: no list has the file any more, and whoever may read versions can still fetch
it. Who has switched that on may have to keep what is there, so old versions are counted here, and are not erased.
"""

from collections.abc import Iterator

from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository

from unlearning.purge.rules import EVIDENCE, kind_of
from unlearning.purge.store import Place
from unlearning.tracking.answers import first_line, store_errors

HOW = "who may erase them finds the commands in docs/scale.md, Artifacts in S3"
UNSEEN = (
    "what the store keeps of deleted files cannot be seen from here: if its server writes to a bucket with versioning, old "
    f"versions of them are still there; {HOW}"
)


def old_versions(places: list[Place]) -> list[str]:
    """What buckets still have of the files that a purge has removed, in sentences; none of places on this machine."""
    return list(dict.fromkeys(said for place in places if not place.folder for said in _told(place)))


def _told(place: Place) -> Iterator[str]:
    if not isinstance(place.store, S3ArtifactRepository):
        yield UNSEEN
        return
    bucket, prefix = place.store.parse_s3_compliant_uri(place.uri)
    try:
        count = _count(place, bucket, prefix.rstrip("/") + "/")
    except store_errors() as error:
        yield f"whether the bucket {bucket} keeps old versions of what was deleted cannot be seen: {first_line(error)}; {HOW}"
        return
    if count:
        versions = f"{count} old version{'s' if count > 1 else ''}"
        yield f"the bucket {bucket} keeps {versions} of deleted files under {prefix}; {HOW}"


def _count(place: Place, bucket: str, prefix: str) -> int:
    """Versions that are not the present ones; those of the evidence are none of a purge's business."""
    client = place.store._get_s3_client()  # with the address and the keys that MLflow uses
    pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    keys = [one["Key"] for page in pages for one in page.get("Versions", []) if not one["IsLatest"]]
    return sum(bool(place.kind) or kind_of(key.removeprefix(prefix)) != EVIDENCE for key in keys)
