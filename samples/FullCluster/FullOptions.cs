using System.Globalization;

namespace FullCluster;

/// <summary>What the command line asks for.</summary>
internal sealed record FullOptions(bool Check, int Port, int Seed, string? Keep, string Switch, bool HasEnsemble)
{
    private const string Haproxy = "haproxy";
    private const string Keepalived = "keepalived";
    private const string ZooKeeper = "zookeeper";

    /// <summary>Whether an address moves.</summary>
    public bool HasKeepalived => Switch == Keepalived;

    /// <summary>How many ZooKeeper servers the agents agree in; 0: none.</summary>
    public int ZooKeepers =>
        Switch != ZooKeeper ? 0
        : HasEnsemble ? 3
        : 1;

    public const string Help = """
        usage: ./demo --full [--switch haproxy|keepalived|zookeeper [--ensemble]] [--check [--seed N]] [--port N]
                             [--keep DIR] [--help]

        Runs the reference deployment on 127.0.0.1, from the files that "cluster-session config generate" writes:
        nginx, two nodes of the shop, HAProxy, two Redis with an agent beside each, a voter, and two read replicas
        with a follower beside each.
        Prints the address of a page that shows all of it, with buttons to kill, freeze, cut and bring back each part.
        Ctrl-C ends all of it.

          --switch S  how nodes find the master. haproxy (default): HAProxy leads to it. keepalived: an address
                      moves to its host; each Redis is on a host of its own, a network namespace. Needs root.
                      zookeeper: HAProxy leads to it, and the agents agree in ZooKeeper: no voter.
          --ensemble  three ZooKeeper servers in place of one
          --check     walk the story unattended instead: carts are filled, the master dies with a second of writes
                      that only it has, comes back, is merged, and takes over again; a node dies, nginx is reloaded.
                      Meanwhile sessions grow beyond 64 KiB, get new ids and end on both sides, and a customer is
                      logged out everywhere. The exit code is 0 only if nothing was lost, stale or revived, and both
                      read replicas had the same bytes as each master.
          --seed N    the seed of the clients' choices (default: a new one, printed)
          --port N    where the page is (default: a free port)
          --keep DIR  work in this directory, which must be empty or new, and leave it: files, logs, data
        """;

    /// <summary>
    /// Reads the arguments. Null, with a sentence that says what is wrong, if they make no sense.
    /// </summary>
    public static FullOptions? Parse(string[] arguments, out string? error)
    {
        var options = new FullOptions(false, 0, Random.Shared.Next(1, 1_000_000), null, Haproxy, false);
        error = null;
        for (var i = 0; i < arguments.Length && error is null; i++)
        {
            options = arguments[i] switch
            {
                "--full" => options,
                "--check" => options with { Check = true },
                "--port" => options with { Port = Number(arguments, ref i, 1, 65535, ref error) },
                "--seed" => options with { Seed = Number(arguments, ref i, 0, int.MaxValue, ref error) },
                "--switch" => options with { Switch = SwitchOf(arguments, ref i, ref error) },
                "--ensemble" => options with { HasEnsemble = true },
                "--keep" when i + 1 < arguments.Length => options with { Keep = arguments[++i] },
                var unknown => Unknown(options, unknown, ref error),
            };
        }

        if (error is null && options is { HasEnsemble: true, Switch: not ZooKeeper })
        {
            error = "--ensemble goes with --switch zookeeper.";
        }

        return error is null ? options : null;
    }

    private static int Number(string[] arguments, ref int i, int least, int most, ref string? error)
    {
        var name = arguments[i];
        var text = ++i < arguments.Length ? arguments[i] : "";
        if (
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= least
            && number <= most
        )
        {
            return number;
        }

        error = $"{name} takes a number from {least} to {most}, not '{text}'.";
        return 0;
    }

    private static string SwitchOf(string[] arguments, ref int i, ref string? error)
    {
        var value = ++i < arguments.Length ? arguments[i] : "";
        error = value switch
        {
            Keepalived when !SplitBrainNet.CanBeMade =>
                "--switch keepalived needs root and the ip command: the hosts of its address are network namespaces. "
                    + "Run it as root, or take --switch haproxy.",
            Haproxy or Keepalived or ZooKeeper => error,
            _ => $"--switch takes haproxy, keepalived or zookeeper, not '{value}'.",
        };
        return value;
    }

    private static FullOptions Unknown(FullOptions options, string argument, ref string? error)
    {
        error = argument == "--keep" ? "--keep takes a directory." : $"'{argument}' is not an option; see --help.";
        return options;
    }
}
