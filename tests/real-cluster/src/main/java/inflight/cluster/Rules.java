package inflight.cluster;

/** What all proxies of a cluster keep to: exchanged for each scenario, also on connections that are there already. */
final class Rules {
    volatile Network network = Network.direct();
    volatile Fate.Decider decider = Fate.Decider.PASS_ALL;
}
