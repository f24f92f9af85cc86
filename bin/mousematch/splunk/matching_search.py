"""What a search needs to compare movement with templates: settings, model, scorer and template store, put together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mousematch.errors import ModelError
from mousematch.matching import Backend
from mousematch.policy import Decider, decider
from mousematch.registry import CLASSIFY, ModelVersion, Registry
from mousematch.scorer.client import Client
from mousematch.scorer.launch import Launch
from mousematch.scorer.supervisor import ensure_running
from mousematch.settings import ScorerSettings, Settings
from mousematch.splunk.class_scoring import ClassScorer
from mousematch.splunk.conf import settings_for
from mousematch.splunk.embedder import Embedder
from mousematch.splunk.enrolling import Enrollments
from mousematch.splunk.kvstore import Collection
from mousematch.splunk.messages import Messages
from mousematch.splunk.models import registry
from mousematch.splunk.row_policies import RowPolicies
from mousematch.splunk.scoring import SessionScorer
from mousematch.splunk.service import connect
from mousematch.splunk.templatestore import TemplateStore
from mousematch.templates import COLLECTION


@dataclass(frozen=True)
class MatchingSearch:
    """The parts of one search, all for one model version. Neither scorer nor store is asked before there are rows."""

    settings: Settings
    model: ModelVersion
    embedder: Embedder
    store: TemplateStore
    messages: Messages

    @classmethod
    def open(cls, command: Any, *, matching: Mapping[str, Any], scorer: Mapping[str, Any]) -> MatchingSearch:
        """The parts for a running command.

        matching, scorer: settings that the command's options replace. Raises ModelError and OptionError.
        """
        messages = Messages(command)
        searchinfo = command.metadata.searchinfo
        configured = settings_for(searchinfo, warn=messages.warn)
        settings = dataclasses.replace(
            configured,
            matching=dataclasses.replace(configured.matching, **matching),
            scorer=dataclasses.replace(configured.scorer, **scorer),
        )
        models = registry()
        model = models.resolve(settings.matching.model)
        preload = configured.matching.model if _exists(models, configured.matching.model) else model.reference
        return cls(
            settings=settings,
            model=model,
            embedder=Embedder(
                _connector(settings.scorer, models, model, preload=preload, messages=messages),
                encoding=model.encoding,
                dimensions=model.embedding,
                lost=messages.error,
            ),
            store=TemplateStore(Collection(lambda: connect(searchinfo), COLLECTION), model.reference),
            messages=messages,
        )

    def backend(self) -> Backend:
        """What turns the model's similarities into LLRs. Raises ModelError if the model compares nobody."""
        if self.model.task == CLASSIFY:
            raise ModelError(
                f"Model {self.model.reference} knows classes and compares nobody: mousescore gives match_class with it, and "
                "nobody is enrolled; name another model."
            )
        card = self.model.card.get("backend")
        if not isinstance(card, Mapping):
            raise ModelError(f"The card of model {self.model.reference} has no backend; publish the model again.")
        return Backend.from_card(card, self.model.cohort())

    def session_scorer(
        self, *, policy: Mapping[str, Any], user_field: str, image_field: str, policy_fields: bool = False
    ) -> SessionScorer | ClassScorer:
        """Scores this search's rows, or classifies them if that is what the model was trained for.

        policy: settings of [policy:<name>] that the command's options replace. policy_fields: rows may name a policy of
        their own, see ``row_policies``. Raises OptionError, and ModelError if the policy needs held-out scores that the
        model does not have.
        """
        if self.model.task == CLASSIFY:
            return ClassScorer(
                model=self.model.reference, head=self.model.head(), embedder=self.embedder, image_field=image_field
            )
        policies = RowPolicies(
            name=self.settings.matching.policy,
            options=policy,
            decide=self.decider,
            messages=self.messages,
            by_row=policy_fields,
        )
        return SessionScorer(
            model=self.model.reference,
            backend=self.backend(),
            embedder=self.embedder,
            store=self.store,
            policies=policies,
            prior=self.settings.matching.prior,
            messages=self.messages,
            user_field=user_field,
            image_field=image_field,
        )

    def decider(self, name: str, options: Mapping[str, Any]) -> Decider:
        """The thresholds of the policy of a name, with the settings that options replace, for this search's model."""
        policy = self.settings.policy(name).replaced(options)
        return decider(
            policy, prior=self.settings.matching.prior, trials=self.model.held_out(), model=self.model.reference
        )

    def enrollments(
        self, *, requirements: Mapping[str, Any], user_field: str, image_field: str, session_field: str
    ) -> Enrollments:
        """Enrolls this search's users. requirements: settings of [enrollment] that the command's options replace."""
        return Enrollments(
            model=self.model.reference,
            encoding=self.model.encoding,
            backend=self.backend(),
            embedder=self.embedder,
            store=self.store,
            requirements=dataclasses.replace(self.settings.enrollment, **requirements),
            messages=self.messages,
            user_field=user_field,
            image_field=image_field,
            session_field=session_field,
        )


def _exists(models: Registry, reference: str) -> bool:
    try:
        models.resolve(reference)
    except ModelError:
        return False
    return True


def _connector(
    settings: ScorerSettings, models: Registry, model: ModelVersion, *, preload: str, messages: Messages
) -> Callable[[], Client]:
    """Gives a client for the model, at the address of the settings or from the local scorer, which it starts.

    preload: the model that a new local scorer loads first. It is the configured one, also for a search with another
    model: so all searches share one process, which loads others on demand.
    """

    def local() -> Client:
        launch = Launch(
            model_roots=models.roots,
            model=preload,
            executor=settings.executor,
            precision=settings.precision,
            python=settings.python,
            idle_s=settings.idle_s,
            threads=settings.threads,
        )
        address = ensure_running(launch, start_timeout_s=settings.start_timeout_s, on_progress=messages.info)
        return Client(address, model.name, model.version, timeout_s=settings.timeout_s)

    def remote() -> Client:
        return Client(settings.address, model.name, model.version, timeout_s=settings.timeout_s)

    return remote if settings.address else local
