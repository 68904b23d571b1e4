"""Use cases of access: an operator's grants, revocations and portal links, and the API's view."""
