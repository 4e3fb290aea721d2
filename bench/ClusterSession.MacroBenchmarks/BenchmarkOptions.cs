using System.Globalization;
using ClusterSession.MacroBenchmarks.Application;
using ClusterSession.MacroBenchmarks.Results;
using ClusterSession.MacroBenchmarks.Servers;

namespace ClusterSession.MacroBenchmarks;

/// <summary>What the command line asks for.</summary>
internal sealed class BenchmarkOptions
{
    public const string Usage = """
        usage: ClusterSession.MacroBenchmarks run --root DIR --output DIR [options]
          --quick                 short rounds and fewer sessions: about two minutes, for looking, not for quoting
          --rounds N              rounds over all targets (default: 9, or 3 with --quick)
          --seconds N             of each closed and each open run (default: 1.2 and 0.7, or less with --quick)
          --peers                 also express and Tomcat, as far as they are installed
          --express DIR           where bench/peers/express was installed by npm
          --tomcat DIR            where bench/peers/tomcat was compiled
          --absent TITLE=REASON   a peer that could not be installed; it stands in the tables as such
          --only PART,...         of: comparison, two-nodes, cold-node, scale, client (default: all)
          --variants NAME,...     only these variants in the comparison
          --classes NAME,...      only classes whose name begins so
        """;

    private static readonly string[] Peers = [ExpressTarget.Variant, TomcatTarget.Delta, TomcatTarget.Backup];

    public bool IsQuick { get; private set; }

    public bool WithPeers { get; private set; }

    public int? Rounds { get; private set; }

    public double? Seconds { get; private set; }

    public string Root { get; private set; } = Directory.GetCurrentDirectory();

    public string Output { get; private set; } = "";

    public string? Express { get; private set; }

    public string? Tomcat { get; private set; }

    public List<(string Title, string Reason)> Absent { get; } = [];

    public string[] Parts { get; private set; } = ["comparison", "two-nodes", "cold-node", "scale", "client"];

    public string[]? Variants { get; private set; }

    public string[]? Classes { get; private set; }

    public static BenchmarkOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new BenchmarkOptions();
        for (var i = 0; i < arguments.Count; i++)
        {
            string Value() =>
                ++i < arguments.Count
                    ? arguments[i]
                    : throw new ArgumentException($"{arguments[i - 1]} needs a value.");
            switch (arguments[i])
            {
                case "--quick":
                    options.IsQuick = true;
                    break;
                case "--peers":
                    options.WithPeers = true;
                    break;
                case "--rounds":
                    options.Rounds = (int)Positive(Value());
                    break;
                case "--seconds":
                    options.Seconds = Positive(Value());
                    break;
                case "--root":
                    options.Root = Value();
                    break;
                case "--output":
                    options.Output = Value();
                    break;
                case "--express":
                    options.Express = Value();
                    break;
                case "--tomcat":
                    options.Tomcat = Value();
                    break;
                case "--only":
                    options.Parts = Value().Split(',');
                    break;
                case "--variants":
                    options.Variants = Value().Split(',');
                    break;
                case "--classes":
                    options.Classes = Value().Split(',');
                    break;
                case "--absent":
                    var absent = Value().Split('=', 2);
                    options.Absent.Add((absent[0], absent.Length > 1 ? absent[1] : "not installed"));
                    break;
                default:
                    throw new ArgumentException($"Unknown option '{arguments[i]}'.\n{Usage}");
            }
        }

        if (options.Variants?.Except([.. Application.Variants.All, .. Peers]).FirstOrDefault() is { } unknown)
        {
            throw new ArgumentException(
                $"There is no variant '{unknown}'; known are {string.Join(", ", [.. Application.Variants.All, .. Peers])}."
            );
        }

        return options.Output.Length > 0 ? options : throw new ArgumentException("--output is missing.\n" + Usage);
    }

    private static double Positive(string text) =>
        double.TryParse(text, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new ArgumentException($"'{text}' is not a number above zero.\n{Usage}");
}
