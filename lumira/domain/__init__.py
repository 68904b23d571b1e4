"""Pure rules over a loaded order and Stripe's objects: no database, no network, no log, no clock of their own."""
