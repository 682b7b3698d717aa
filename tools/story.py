#!/usr/bin/env python3
"""The life of three requests to be forgotten, from training to purge, played with the real commands.

    python tools/story.py --out DIR                                              # drawn faces, minutes
    python tools/story.py --out DIR --data_dir FACES --image_size 64 --epochs 12 # real ones

Everything is checked, and the first thing that does not come out as told ends it. What was typed, said and measured is written
to DIR/story.md, with pictures in DIR/images. DIR holds models and faces besides: share only the page and the pictures.
"""

import argparse
import base64
import csv
import json
import os
import random
import shlex
import shutil
import sys
import time
from pathlib import Path

from live import CLIENTS, Live, in_memory, pieces
from telling import ROOT, Stage, Surprise, expect, expect_same, post
from trials import verify_and_tamper
from warm import ENTRIES

MODEL = "age-resnet50"
PEOPLE = ("ann", "ben", "cem")


class Story:
    """The plot.

    Args:
        given: what the caller decided.
        stage: where it is played.
    """

    def __init__(self, given: argparse.Namespace, stage: Stage):
        import mlflow

        self.given, self.stage, self.registry = given, stage, mlflow.MlflowClient()
        self.pictures: dict[str, list[dict]] = {}
        self.live: Live | None = None

    def answer_meanwhile(self) -> None:
        """From here to the end a server follows the champion, and is asked all the time."""
        picture = (self.stage.out / "bens.jpg").read_bytes()
        self.live = Live(self.stage.environment, self.stage.out, ROOT, picture)
        self.live.begin()
        self._follows()

    def _follows(self) -> None:
        served = f"{MODEL}/{self.champion()}"
        expect_same(f"the server follows to {served}", self.live.follows(served), True)

    def _weights(self, number: str) -> list[bytes]:
        import mlflow

        path = Path(
            mlflow.artifacts.download_artifacts(f"models:/{MODEL}/{number}", dst_path=str(self.stage.out / "looked-at"))
        )
        found = [piece for file in sorted(path.rglob("member-*.safetensors")) for piece in pieces(file)]
        shutil.rmtree(self.stage.out / "looked-at")
        return found

    def champion(self) -> str:
        """Number of the version that is served."""
        return str(self.registry.get_model_version_by_alias(MODEL, "champion").version)

    def requests(self) -> list[dict]:
        """The tags of all requests, by arrival."""
        experiment = self.registry.get_experiment_by_name("age-unlearning requests")
        found = self.registry.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
        return [run.data.tags for run in found]

    def states(self, number: int) -> list[str]:
        """Every state that a request has had, in order."""
        tags = self.requests()[number]
        return [json.loads(tags[name])["state"] for name in sorted(tags) if name.startswith("request.history.")]

    def versions(self, role: str) -> list[str]:
        """The numbers of all versions of a role, oldest first."""
        found = self.registry.search_model_versions(f"name = '{MODEL}'")
        return sorted((str(one.version) for one in found if one.tags.get("role") == role), key=int)

    def list_of(self, person: str) -> Path:
        """The file that names a person's pictures."""
        return self.stage.out / f"{person}.csv"

    def train(self) -> None:
        """A key and a model that remembers everything; then three people are made up of training pictures."""
        given = self.given
        self.stage.tell("## A model that remembers everybody")
        self.stage.call("key", "nobody else may have it", path=self.stage.out / "signing-key.pem")
        data = (
            {"data_dir": given.data_dir, "fraction": given.fraction} if given.data_dir else {"drawn_faces": given.drawn_faces}
        )
        size = {"arch": given.arch, "image_size": given.image_size, "epochs": given.epochs}
        self.stage.run("train", "version 1 (original) registered", **data, **size)
        expect_same("the champion", self.champion(), "1")
        self._meet_people()
        self.answer_meanwhile()

    def _meet_people(self) -> None:
        run_id = json.loads(self.registry.get_model_version(MODEL, "1").tags["record"])["data_run"]
        path = self.registry.download_artifacts(run_id, "data/manifest.csv", str(self.stage.out))
        with Path(path).open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.stage.secrets |= {part for row in rows for part in (row["id"], Path(row["file"]).stem)}
        self.stage.secrets.add((self.stage.out / "signing-key.pem").read_text(encoding="utf-8").splitlines()[1])
        single = [row for row in rows if row["split"] == "train" and not row["copy_of"] and row["near"] == row["id"]]
        drawn = random.Random(0).sample(single, len(PEOPLE) * self.given.pictures)
        for number, person in enumerate(PEOPLE):
            own = self.pictures[person] = drawn[number :: len(PEOPLE)]
            self.list_of(person).write_text(
                "\n".join(["file", *(Path(row["file"]).name for row in own)]) + "\n", encoding="utf-8"
            )
        shutil.copy(self._file(self.pictures["ann"][0]), self.stage.out / "mine.jpg")
        shutil.copy(self._file(self.pictures["ben"][0]), self.stage.out / "bens.jpg")

    def _file(self, row: dict) -> Path:
        folder = Path(self.given.data_dir) if self.given.data_dir else self.stage.out / "cache" / "drawn"
        return next(path for path in folder.rglob(Path(row["file"]).name))

    def cross_fit(self) -> None:
        """One table for all requests to come: none of them retrains anything."""
        self.stage.tell("## A reference for every request to come")
        self.stage.run("crossfit", "need no retraining now", folds=self.given.folds, seeds="0,1,2")

    def ask(self) -> None:
        """Ann asks, and a second clerk asks for her again in other words."""
        self.stage.tell(
            f"## The first request, and the same again\n\nAnn is {self.given.pictures} training pictures, drawn by chance; "
            "`ann.csv` lists the names of their files. A second clerk lists their sample ids instead, in another order."
        )
        more = {"reason": "Art. 17, ticket 4711", "deadline": self.given.deadline}
        self.stage.run("request", "is received", forget_set=f"file:{self.list_of('ann')}", **more)
        again = self.stage.out / "ann-again.csv"
        again.write_text("\n".join(["id", *(row["id"] for row in reversed(self.pictures["ann"]))]) + "\n", encoding="utf-8")
        self.stage.run("request", "it stays one request", forget_set=f"file:{again}", reason="Art. 17, asked at the counter")
        expect_same("requests", len(self.requests()), 1)

    def serve_ann(self) -> None:
        """The request is served: a version that was made to forget her, what was found out about that, and a certificate."""
        self.process("is promoted", "consistent with never seen", gates=self.given.gates)
        expect_same("the states of Ann's request", self.states(0), ["received", "running", "gated", "promoted"])
        expect_same("the champion", self.champion(), self.requests()[0]["request.version"])
        expect_same("retrained versions", self.versions("retrained"), [])
        self._follows()
        out, proof = self.stage.out / "ann.json", self.stage.out / "ann-proof.json"
        mine = {"sample": self.stage.out / "mine.jpg", "proof": proof}
        self.stage.run("certify", "give it to its holder only", version="champion", out=out, **mine)
        statement = json.loads(base64.b64decode(json.loads(out.read_text(encoding="utf-8"))["payload"]))
        expect(json.dumps(statement["predicate"]["times"]), "served_everywhere_that_is_known")

    def process(self, *says: str, **parameters: object) -> None:
        """Serve the open requests with the story's method."""
        self.stage.run("process", *says, **self._method(), **parameters)

    def _method(self) -> dict[str, object]:
        return {"method": self.given.method} | ({"epochs": self.given.method_epochs} if self.given.method_epochs else {})

    def refuse_ben(self) -> None:
        """A request whose version does not pass its gate: what is served stays."""
        self.stage.tell("## The second request fails its gate")
        before = self.champion()
        self.stage.run("request", "is received", forget_set=f"file:{self.list_of('ben')}", reason="Art. 17, ticket 4712")
        self.process("is refused", f"{self.given.strict} failed", gates=self.given.strict)
        expect_same("the states of Ben's request", self.states(1), ["received", "running", "gated", "refused"])
        expect_same("the champion", self.champion(), before)

    def kill_cem(self) -> None:
        """A request that is killed in the middle and picked up again."""
        self.stage.tell("## The third request is killed in the middle, and picked up")
        self.stage.run("request", "is received", forget_set=f"file:{self.list_of('cem')}", reason="Art. 17, ticket 4713")
        gates, before = self.given.later_gates, self.champion()
        self.stage.killed("process", "registered", **self._method(), gates=gates)
        expect_same("the states of Cem's request after kill -9", self.states(2), ["received", "running"])
        expect_same("the champion after kill -9", self.champion(), before)
        made = self.versions("unlearned")
        self.process("picked up", "is promoted", gates=gates)
        expect_same("the states of Cem's request", self.states(2), ["received", "running", "running", "gated", "promoted"])
        expect_same("unlearned versions, none of them made twice", self.versions("unlearned"), made)
        self._follows()
        self.stage.run("certify", "has a certificate already", version="champion", out=self.stage.out / "cem.json")
        self.draw("lineage-served", "The lineage after three requests")

    def go_back(self) -> None:
        """Back is only where at least as much is forgotten; and forward again."""
        self.stage.tell("## Back, and forward again")
        first, served = self.requests()[0]["request.version"], self.champion()
        why = {"reason": "people complain about its errors"}
        self.stage.run("rollback", "remembers", "(", fails=True, to=first, **why)
        expect_same("the champion", self.champion(), served)
        refused, gates = self.versions("unlearned")[1], self.given.later_gates
        self.stage.run("promote", "is not promoted: it remembers", fails=True, version=refused, gates=gates)
        self.stage.run("rollback", "WARNING", "is the champion again", to=first, allow_regain=True, **why)
        expect_same("the champion", self.champion(), first)
        self._follows()
        self.stage.run("promote", "is the champion", version=served, gates=gates)
        expect_same("the champion", self.champion(), served)
        self._follows()
        out = self.stage.out / "before-purge.md"
        self.stage.call("status", "written to", check="true", format="markdown", out=out)
        expect(out.read_text(encoding="utf-8"), f"answers with version {served} since")

    def purge(self) -> None:
        """What remembers goes: first what would go is told, then a candidate that nobody wants, then the original."""
        self.stage.tell("## What still remembers goes for good")
        why = {"reason": "Art. 17"}
        waiting, remembered = self.versions("unlearned")[1], self._weights("1")
        self.stage.run("purge", "nothing was purged", fails=True, version="original")
        self.stage.run("purge", "are measured against", fails=True, version="original", confirm=f"{MODEL}/1", **why)
        self.stage.run("purge", "is purged", version=waiting, confirm=f"{MODEL}/{waiting}", **why)
        self.stage.run("purge", "is purged", version="original", confirm=f"{MODEL}/1", **why)
        for number in (waiting, "1"):
            stone = self.registry.get_model_version(MODEL, number)
            expect_same(f"the state of version {number}", stone.tags["state"], "purged")
            self._prove_gone(stone)
        server = self.live.process.pid
        expect_same("pieces of the purged weights in the server's memory", in_memory(server, remembered), 0)
        expect_same("pieces of the champion's there", in_memory(server, self._weights(self.champion())) > 0, True)

    def _prove_gone(self, stone) -> None:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        path = self.registry.download_artifacts(stone.tags["purged_run"], "purge.json")
        proof = json.loads(Path(path).read_text(encoding="utf-8"))
        place = self.registry.get_logged_model(stone.source.removeprefix("models:/")).artifact_location
        expect_same("files that are left of its model", files_in(get_artifact_repository(place)), [])
        expect_same("files that the proof still finds", proof["files"]["left"], [])
        gone = len(proof["files"]["removed"])
        self.stage.show(f"`purge.json` lists {gone} files of version {stone.version} that were removed, each with its sha256.")

    def ask_server(self) -> None:
        """The served model tells its version with its answer."""
        self.stage.tell("## The served model says which version it is")
        picture = base64.b64encode((self.stage.out / "bens.jpg").read_bytes()).decode()
        body = {"dataframe_records": [{"image": picture}], "params": {"tell_version": True}}
        with self.stage.served(f"models:/{MODEL}@champion") as address:
            answer = post(address, body)
        expect_same("the version that answered", answer["predictions"][0]["version"], f"{MODEL}/{self.champion()}")
        self.stage.show(f"`{json.dumps(answer)}`")

    def verify(self) -> None:
        """Both certificates hold, by this project, by the script alone and by openssl; every byte that is changed is named."""
        self.stage.tell("## Every certificate is verified, and tampered with")
        verify_and_tamper(self.stage, f"models:/{MODEL}@champion")

    def end(self) -> None:
        """The registry as it stands, sound, and the figures."""
        self.stage.tell("## How it ends")
        asked = [(who, tags["forget_count"], tags["request.reason"]) for who, tags in zip(PEOPLE, self.requests(), strict=True)]
        lines = [f"| {' | '.join(row)} | {', '.join(self.states(at))} |" for at, row in enumerate(asked)]
        self.stage.show("\n".join(["| who | samples | reason | states |", "|---|---|---|---|", *lines]))
        out = self.stage.out / "status.md"
        self.stage.call("status", "written to", check="true", format="markdown", out=out)
        expect(out.read_text(encoding="utf-8"), "checked: stages, aliases, tags and descriptions are what the journal says")
        self.stage.show(out.read_text(encoding="utf-8").strip())
        self.draw("lineage-end", "The lineage after the purge")
        self._tell_of_server()

    def _tell_of_server(self) -> None:
        """What the clients heard, and when the server switched."""
        self.live.end()
        heard, switches = self.live.said(), [json.loads(line) for line in self.live.switches()]
        failed = {answer: count for answer, count in heard.items() if answer[0] != 200}
        expect_same("requests that failed", failed, {})
        lines = [f"| {one['time'][11:19]} | {one['before'] or '-'} | {one['now'] or '-'} |" for one in switches]
        told = "; ".join(f"{count} by {version}" for (_, version), count in sorted(heard.items()))
        self.stage.show(
            f"Meanwhile {CLIENTS} clients asked a server that follows the champion (`age-unlearning serve`): {told}. None "
            "failed, and of the weights that were purged its memory held nothing. It switched:"
        )
        self.stage.show("\n".join(["| time (UTC) | from | to |", "|---|---|---|", *lines]))

    def draw(self, name: str, alt: str) -> None:
        """The lineage as ``status -P format=html`` draws it, with people instead of the paths of their lists."""
        out = self.stage.out / "status.json"
        self.stage.call("status", "written to", format="json", out=out)
        rows = json.loads(out.read_text(encoding="utf-8"))["versions"]
        for row in rows:
            row["forgotten"] = [Path(rule.removeprefix("file:")).stem for rule in row["forgotten"]]
        sys.path.insert(0, str(ROOT / "src"))
        from unlearning.reports.lineage_page import lineage, nodes_of
        from unlearning.reports.style import THEMES, styled, svg

        (self.stage.out / "images").mkdir(exist_ok=True)
        for theme in THEMES.values():
            with styled(theme):
                picture = svg(lineage(nodes_of(rows), theme))
            (self.stage.out / "images" / f"story-{name}-{theme.name}.svg").write_text(picture + "\n", encoding="utf-8")
        self.stage.blocks.append({"picture": f"story-{name}", "alt": alt})

    def play(self) -> None:
        """All of it, in order."""
        faces = "real faces" if self.given.data_dir else "drawn faces"
        self.stage.tell(
            f"Played on {faces} by `python tools/story.py {self.given.typed}`, which checks every outcome and ends at the "
            "first surprise. Below are the commands and what they printed. Left out are `--env-manager local`, paths of the "
            "machine, MLflow's own notes, and of each training all epochs but the last. Seconds are those of a machine that "
            "did other work meanwhile. Ann, Ben and Cem are nobody: each stands for some training pictures, drawn by chance. "
            "A test plays the same on drawn faces, on a server with PostgreSQL and a bucket."
        )
        begin, requests = (self.train, self.cross_fit), (self.ask, self.serve_ann, self.refuse_ben, self.kill_cem)
        for chapter in (*begin, *requests, self.go_back, self.ask_server, self.purge, self.verify, self.end):
            chapter()


def files_in(store, folder: str | None = None) -> list[str]:
    """All files of an artifact store; a bucket may go on to list folders without any."""
    found = store.list_artifacts(folder)
    return [path for one in found for path in (files_in(store, one.path) if one.is_dir else [one.path])]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="an empty or new folder for everything that is made")
    parser.add_argument("--store", default="", help="URI of the tracking store; without it, a SQLite file in that folder")
    parser.add_argument("--data_dir", default="", help="folder of faces; without it faces are drawn")
    parser.add_argument("--fraction", type=float, default=0.8, help="of the faces, as prepare takes it")
    parser.add_argument("--drawn_faces", type=int, default=160)
    parser.add_argument("--arch", default="test_resnet")
    parser.add_argument("--image_size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=2, help="of training")
    parser.add_argument("--method", default="ft")
    parser.add_argument("--method_epochs", type=int, default=0, help="0: the method's own")
    parser.add_argument("--pictures", type=int, default=5, help="of each person")
    parser.add_argument("--deadline", default="2099-12-31")
    parser.add_argument("--folds", type=int, default=2, help="of the cross-fitting")
    parser.add_argument("--gates", default="", help="of the first request; empty for those of the project")
    parser.add_argument("--later_gates", default="test_mae < 100, regained < 50", help="of the third request")
    parser.add_argument("--strict", default="test_mae < 1", help="the gate that the second request has to fail")
    runs = "how commands are played: all by mlflow run; the first of each entry point, others forked (tools/warm.py); or none"
    parser.add_argument("--mlflow_runs", choices=["all", "first", "none"], default="all", help=runs)
    given = parser.parse_args()
    places = {str(given.out): "DIR", given.data_dir: "FACES", given.store: "STORE"}
    given.typed = shlex.join(places.get(word, word) if word else word for word in sys.argv[1:])
    given.data_dir = str(Path(given.data_dir).resolve()) if given.data_dir else ""
    return given


def main() -> None:
    given = arguments()
    out = given.out.resolve()
    if out.exists() and any(out.iterdir()):
        sys.exit(f"{out} is not empty; give a new folder: --out {out}-2")
    out.mkdir(parents=True, exist_ok=True)
    stage = Stage(out, given.store or f"sqlite:///{out}/mlflow.db", given.data_dir)
    os.environ |= {"MLFLOW_TRACKING_URI": stage.store, "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
    os.chdir(out)
    begun, story = time.monotonic(), Story(given, stage)
    try:
        if given.mlflow_runs != "all":
            stage.warm_up()
        if given.mlflow_runs == "first":
            stage.once |= set(ENTRIES)
        story.play()
        stage.show(f"All of it took {time.monotonic() - begun:.0f} seconds.")
        stage.write("Three requests, from training to purge")
    except Surprise as surprise:
        sys.exit(f"the story did not come out: {surprise}")
    finally:
        if story.live and story.live.process.poll() is None:
            story.live.end()
    print(f"written to {out / 'story.md'}")


if __name__ == "__main__":
    main()
