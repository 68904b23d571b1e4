"""`make chaos`: the whole installation, thousands of purchases, everything killed at random, nothing lost.

`plan` draws from the seed who buys what and what goes wrong; `stack`, `processes` and `postgresql` are the
installation and the supervisor that restarts what dies; `buyers`, `aftermath` and `killer` let it happen;
`truth` reads Stripe's side, `records` ours, and `comparison` holds one against the other.
"""
