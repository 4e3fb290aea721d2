namespace ClusterSession.MacroBenchmarks.Load;

/// <summary>Which client asks for what, in order, made before the clock starts.</summary>
/// <param name="Paths">What can be asked for.</param>
/// <param name="Client">The client of each request.</param>
/// <param name="Path">The index into <paramref name="Paths"/> of each request.</param>
/// <param name="IsEndless">Whether it begins again at its end.</param>
internal sealed record Work(string[] Paths, int[] Client, byte[] Path, bool IsEndless)
{
    private const int EndlessLength = 1 << 18;

    /// <summary>Each client once.</summary>
    public static Work Once(string path, int clients) =>
        new([path], [.. Enumerable.Range(0, clients)], new byte[clients], IsEndless: false);

    /// <summary>One client again and again.</summary>
    public static Work Repeated(string path, int client, int times) =>
        new([path], [.. Enumerable.Repeat(client, times)], new byte[times], IsEndless: false);

    /// <summary>All clients in turn, without end.</summary>
    public static Work RoundRobin(string path, int clients) =>
        new([path], [.. Enumerable.Range(0, clients)], new byte[clients], IsEndless: true);

    /// <summary>Clients drawn evenly, without end.</summary>
    public static Work Uniform(string path, int clients, int seed)
    {
        var random = new Random(seed);
        var chosen = new int[EndlessLength];
        for (var i = 0; i < chosen.Length; i++)
        {
            chosen[i] = random.Next(clients);
        }

        return new Work([path], chosen, new byte[chosen.Length], IsEndless: true);
    }

    /// <summary>
    /// Few clients ask often and many seldom (Zipf, exponent 0.99 as in YCSB); a share of the
    /// requests are writes.
    /// </summary>
    public static Work Zipf(string read, string write, double writeShare, int clients, int seed)
    {
        const double Exponent = 0.99;
        var cumulative = new double[clients];
        var sum = 0.0;
        for (var rank = 0; rank < clients; rank++)
        {
            cumulative[rank] = sum += 1 / Math.Pow(rank + 1, Exponent);
        }

        var random = new Random(seed);
        var chosen = new int[EndlessLength];
        var path = new byte[EndlessLength];
        for (var i = 0; i < chosen.Length; i++)
        {
            var found = Array.BinarySearch(cumulative, random.NextDouble() * sum);
            chosen[i] = Math.Min(clients - 1, found < 0 ? ~found : found);
            path[i] = random.NextDouble() < writeShare ? (byte)1 : (byte)0;
        }

        return new Work([read, write], chosen, path, IsEndless: true);
    }
}
