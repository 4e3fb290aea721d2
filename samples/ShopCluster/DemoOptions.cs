using System.Globalization;

namespace ShopCluster;

/// <summary>What the command line asks for.</summary>
internal sealed record DemoOptions(bool Check, bool WithoutStore, int Port, int Seed, TimeSpan Duration)
{
    public const string Help = """
        usage: ./demo [--check [--seconds N] [--seed N] [--without-store]] [--port N] [--help]
               ./demo --full ...  (the reference deployment; see ./demo --full --help)

        Starts a Redis, three nodes of a small web shop and nginx in front of them (each request goes to the next node),
        and prints the address to open. Ctrl-C ends all of it. Everything listens on 127.0.0.1 only.

          --check           play it unattended instead: twelve clients fill carts through nginx while each node is killed
                            (kill -9) and started again; then every cart is compared with what was acknowledged.
                            The exit code is 0 only if nothing was lost or stale.
          --seconds N       how long the check lasts at least (default 10)
          --seed N          the seed of the check's choices (default: a new one, printed)
          --without-store   run the check on nodes that keep their sessions to themselves. It must fail:
                            that is how one sees that it would notice.
          --port N          where the shop listens (default: a free port)
        """;

    /// <summary>
    /// Reads the arguments. Null, with a sentence that says what is wrong, if they make no sense.
    /// </summary>
    public static DemoOptions? Parse(string[] arguments, out string? error)
    {
        var options = new DemoOptions(false, false, 0, Random.Shared.Next(1, 1_000_000), TimeSpan.FromSeconds(10));
        error = null;
        for (var i = 0; i < arguments.Length && error is null; i++)
        {
            options = arguments[i] switch
            {
                "--check" => options with { Check = true },
                "--without-store" => options with { WithoutStore = true },
                "--port" => options with { Port = Number(arguments, ref i, 1, 65535, ref error) },
                "--seed" => options with { Seed = Number(arguments, ref i, 0, int.MaxValue, ref error) },
                "--seconds" => options with
                {
                    Duration = TimeSpan.FromSeconds(Number(arguments, ref i, 1, 3600, ref error)),
                },
                var unknown => Unknown(options, unknown, ref error),
            };
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

    private static DemoOptions Unknown(DemoOptions options, string argument, ref string? error)
    {
        error = $"'{argument}' is not an option; see ./demo --help.";
        return options;
    }
}
