using System.Net;
using ClusterSession.Cli.Shell;

namespace ClusterSession.Cli.Generating;

/// <summary>Checks that the parts of a description fit each other.</summary>
internal static class SiteRules
{
    private const int Votes = 3;

    /// <exception cref="ToolException">They contradict each other.</exception>
    public static void Check(SiteDescription site, YamlReader yaml, YamlReader redis, YamlReader application)
    {
        if (site.Nodes.Count == 0)
        {
            throw application.Refusal(
                "nodes",
                "names no node.",
                "Name each process of the application, with its host."
            );
        }

        if (site.Candidates.Count < 2)
        {
            throw redis.Refusal(
                "candidates",
                $"names {site.Candidates.Count} servers.",
                "Name two or three: one of them takes over where another one fails."
            );
        }

        CoordinatorRules.Check(site, yaml);
        if (site.HasAgents)
        {
            CheckAgents(site, yaml, redis);
        }
        else if (site.IsAlone)
        {
            CheckAlone(site, yaml, redis);
        }
        else
        {
            CheckSentinels(site, yaml, redis);
        }

        CheckVirtual(site, yaml, redis);
        CheckAddresses(site, yaml);
    }

    private static void CheckAgents(SiteDescription site, YamlReader yaml, YamlReader redis)
    {
        if (site.Sentinels.Count > 0)
        {
            throw yaml.Refusal("sentinels", "do not go with agents: two would decide.", "Leave them out.");
        }

        if (site.ReplicasWithFollower.FirstOrDefault(one => one.AgentPort is not null) is { } both)
        {
            throw redis.Refusal(
                "replicas",
                $"has agentPort and followerPort at {both.Name}.",
                "Give it one: an agent has a vote, and a follower has none."
            );
        }

        var agents = site.Members.Count();
        if (site.Coordinator is not null)
        {
            return;
        }

        if (agents == Votes - 1 && site.Voter is null)
        {
            throw yaml.Refusal("voter", "is missing.", "Two agents need a voter on a third host.");
        }

        if (agents == Votes && site.Voter is not null)
        {
            throw yaml.Refusal("voter", "is one vote too many.", "Three agents need none.");
        }

        if (agents is not (Votes - 1 or Votes))
        {
            throw redis.Refusal(
                site.Candidates.Count > Votes ? "candidates" : "replicas",
                $"brings the agents to {agents}.",
                "Let there be two and a voter, or three: they decide by the majority of three. A replica without "
                    + "agentPort has none."
            );
        }

        if (site.IsLoopback || site.Voter is not { } voter)
        {
            return;
        }

        if (site.Members.FirstOrDefault(member => member.Host == voter.Host) is { } same)
        {
            throw yaml.Refusal(
                "voter",
                $"is on {voter.Host}, as {same.Name} is.",
                "Move it to a host without an agent: with that host two votes of three would be gone."
            );
        }
    }

    private static void CheckAlone(SiteDescription site, YamlReader yaml, YamlReader redis)
    {
        if (site.Voter is not null || site.Sentinels.Count > 0)
        {
            throw yaml.Refusal(
                site.Voter is null ? "sentinels" : "voter",
                "does not go with switch: keepalived-alone, where nobody votes.",
                "Leave it out, or write switch: keepalived, where agents decide."
            );
        }

        if (site.Candidates.Count != 2)
        {
            throw redis.Refusal(
                "candidates",
                $"names {site.Candidates.Count} servers, and keepalived alone decides between two.",
                "Name two. With a third host agents can decide: switch: keepalived."
            );
        }

        if (site.Replicas.Count > 0)
        {
            throw redis.Refusal(
                "replicas",
                "has servers beyond the two between which keepalived alone decides.",
                "Leave them out, or write switch: keepalived, where a follower runs beside each."
            );
        }
    }

    private static void CheckSentinels(SiteDescription site, YamlReader yaml, YamlReader redis)
    {
        if (site.Voter is not null)
        {
            throw yaml.Refusal("voter", "does not go with Sentinel, where no agents vote.", "Leave it out.");
        }

        if (site.Sentinels.Count < Votes)
        {
            throw yaml.Refusal(
                "sentinels",
                $"names {site.Sentinels.Count}.",
                "Name three or more, each on a host of its own: they decide by majority."
            );
        }

        if (site.Replicas.Any(replica => replica.AgentPort is not null))
        {
            throw redis.Refusal("replicas", "has an agentPort, and Sentinel decides.", "Leave agentPort out.");
        }

        if (site.Replicas.Any(replica => replica.FollowerPort is not null))
        {
            throw redis.Refusal("replicas", "has a followerPort, and Sentinel decides.", "Leave followerPort out.");
        }

        // Sentinels and replicas announce themselves by address.
        if (site.Candidates[0].Host is var host && !IPAddress.TryParse(host, out _))
        {
            throw redis.Refusal(
                "candidates",
                $"has the name {host} for a host, and Sentinel wants addresses.",
                "Write its address."
            );
        }
    }

    private static void CheckVirtual(SiteDescription site, YamlReader yaml, YamlReader redis)
    {
        if (!site.Addressed.Any())
        {
            if (site.Virtual is not null)
            {
                throw yaml.Refusal(
                    "keepalived",
                    "describes an address that nothing moves.",
                    "Write switch: keepalived or keepalived-alone, or leave it out."
                );
            }

            return;
        }

        if (site.Virtual is not { } address)
        {
            throw yaml.Refusal(
                "keepalived",
                "is missing.",
                "Set address, interface and routerId below it: docs/operations/keepalived.md has an example."
            );
        }

        if (site.IsLoopback)
        {
            throw yaml.Refusal(
                "switch",
                "is keepalived or keepalived-alone, which moves an address between hosts, and --loopback has one.",
                "Leave --loopback out, or try it in network namespaces: ./demo --full --switch keepalived."
            );
        }

        // VRRP is spoken between addresses, to named neighbours only.
        if (site.Candidates.FirstOrDefault(one => !IPAddress.TryParse(one.Host, out _)) is { } named)
        {
            throw redis.Refusal(
                "candidates",
                $"has the name {named.Host} for a host, and keepalived wants addresses.",
                "Write its address."
            );
        }

        // Redis of all candidates is reached at the same address, one after the other.
        if (site.Candidates.FirstOrDefault(one => one.Port != site.Candidates[0].Port) is { } other)
        {
            throw redis.Refusal(
                "candidates",
                $"has the ports {site.Candidates[0].Port} and {other.Port}, and the virtual address has one.",
                "Give all candidates the same port."
            );
        }

        if (site.Redis.FirstOrDefault(one => one.Host == address.Address) is { } taken)
        {
            throw yaml.Refusal(
                "keepalived",
                $"has the address of {taken.Name}, {taken.Host}.",
                "Take an address of that network that no host has."
            );
        }

        if (site.ReplicasThroughHaproxy.FirstOrDefault() is { } follower)
        {
            throw redis.Refusal(
                "replicas",
                $"has neither agentPort nor followerPort at {follower.Name}, which would follow through HAProxy.",
                "Give it a followerPort."
            );
        }
    }

    private static void CheckAddresses(SiteDescription site, YamlReader yaml)
    {
        var processes = site.Nodes.Concat(site.Sentinels).Append(site.Voter).OfType<SiteProcess>().ToArray();
        var names = processes
            .Select(one => one.Name)
            .Concat(site.Redis.Select(one => one.Name))
            .Concat(site.ZooKeepers.Select(one => one.Name));
        if (names.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw yaml.Refusal("cluster", $"has '{twice.Key}' twice.", "Give each process a name of its own.");
        }

        var addresses = processes
            .Select(one => one.Address)
            .Concat(site.Redis.Select(one => one.Address))
            .Concat(site.Members.Concat(site.Watched).Select(one => one.AgentAddress))
            .Concat(site.ReplicasWithFollower.Select(one => one.FollowerAddress))
            .Concat(site.ZooKeepers.SelectMany(CoordinatorRules.Addresses))
            .Concat(Balancers(site));
        if (addresses.GroupBy(address => address).FirstOrDefault(same => same.Count() > 1) is { } used)
        {
            throw yaml.Refusal("cluster", $"has two processes at {used.Key}.", "Give one of them another port.");
        }
    }

    /// <summary>What listens on 127.0.0.1 of one machine besides.</summary>
    private static IEnumerable<string> Balancers(SiteDescription site)
    {
        if (!site.IsLoopback)
        {
            yield break;
        }

        yield return $"127.0.0.1:{site.HttpPort}";
        if (site.Traffic == TrafficSwitch.Haproxy)
        {
            yield return $"127.0.0.1:{site.MasterPort}";
        }

        if (site.ReplicasThroughHaproxy.Any())
        {
            yield return $"127.0.0.1:{site.ReplicationPort}";
        }
    }
}
