"""Buckets of one's own, on a server that speaks S3 within the tests' process."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

KEYS = {"AWS_ACCESS_KEY_ID": "age-unlearning", "AWS_SECRET_ACCESS_KEY": "keeps-artifacts", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class Bucket:
    """A bucket.

    Args:
        name: of the bucket.
        address: of the server.
        client: boto3's, to look into it by another way than MLflow's.
    """

    name: str
    address: str
    client: Any

    @property
    def uri(self) -> str:
        return f"s3://{self.name}"

    @property
    def settings(self) -> dict[str, str]:
        """What whoever uses it has in the environment."""
        return KEYS | {"MLFLOW_S3_ENDPOINT_URL": self.address}

    def files(self) -> list[str]:
        """All files."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def read(self, key: str) -> bytes:
        """A file's content."""
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def old(self) -> list[str]:
        """The files of which there is an old version, once for each."""
        pages = self.client.get_paginator("list_object_versions").paginate(Bucket=self.name)
        return [one["Key"] for page in pages for one in page.get("Versions", []) if not one["IsLatest"]]


@pytest.fixture(scope="session")
def buckets() -> Iterator[Callable[..., Bucket]]:
    """Makes buckets: ``buckets("name")``, ``buckets("name", versioned=True)``."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    own = {"aws_access_key_id": KEYS["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": KEYS["AWS_SECRET_ACCESS_KEY"]}
    client = boto3.client("s3", endpoint_url=address, region_name=KEYS["AWS_DEFAULT_REGION"], **own)

    def make(name: str, versioned: bool = False) -> Bucket:
        client.create_bucket(Bucket=name)
        if versioned:
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return Bucket(name, address, client)

    yield make
    server.stop()
