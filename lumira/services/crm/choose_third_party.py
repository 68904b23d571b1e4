"""An operator chooses which third party a customer is, if several have the customer's e-mail address."""

from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors import ChangedMeanwhile
from lumira.models import AlertKind, CrmTaskState
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.crm import crm_ambiguous
from lumira.services.crm.view_differences import candidates_of

#: The choice of a new third party.
NEW = 0


@retried
def choose_third_party(tenant_id: int, customer_id: UUID, chosen: int, *, actor: str) -> None:
    """Let the customer be attached to one of the candidates, or with `NEW` to a new third party.

    Raises `ChangedMeanwhile` if the choice was made meanwhile, or is none of the candidates.
    """
    with atomic(tenant_id):
        task = crm_ambiguous.lock_ambiguous(tenant_id, customer_id)
        if task is None or chosen not in (NEW, *candidates_of(task)):
            raise ChangedMeanwhile("The choice has changed since the page was shown: look at it again.")
        task.details = {**task.details, "described": [], "chosen": chosen}
        task.state, task.attempts, task.next_attempt_at = CrmTaskState.PENDING, 0, utc_now()
        task.version += 1
        alerts.resolve(tenant_id, kind=AlertKind.CRM_PARKED, subject=str(task.customer_id), by=actor)
        audit.record(
            tenant_id,
            actor=actor,
            action="crm_third_party_chosen",
            subject=f"customer:{customer_id}",
            dolibarr_id=chosen,
        )
