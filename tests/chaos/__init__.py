"""`make chaos`: run the whole installation, make purchases while processes are killed, compare with Stripe.

`plan` generates purchases and kills from a seed. `stack`, `processes` and `postgresql` run the installation under a
supervisor that restarts dead processes. `buyers` (with `payment_steps`, `checkout_steps` and
`after_payment`), `faults` and `killer` carry out the plan. `stripe_side` and `lumira_side` read both databases, and
`comparison` compares them.
"""
