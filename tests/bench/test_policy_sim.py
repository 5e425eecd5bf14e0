"""The simulator's smallest run: our policy waits least."""

from bench import policy_sim


def test_in_the_quick_simulation_our_policy_waits_least_and_loses_nothing():
    results = policy_sim.run(policy_sim.quick_cases(), processes=2)
    for name in policy_sim.QUICK:
        ours = results[name, policy_sim.OURS]
        others = [results[name, policy].median for policy in policy_sim.PEERS]
        assert ours.median < min(others) / 2
        assert ours.lost == 0
