using System.Globalization;

namespace ClusterSession.Tests.Records;

/// <summary>
/// Runs a property over many seeds and names the seed it fails with; CLUSTERSESSION_SEED repeats
/// one.
/// </summary>
internal static class Seeds
{
    public static void Check(Action<Random> property, int runs = 500)
    {
        var given = Environment.GetEnvironmentVariable("CLUSTERSESSION_SEED");
        var first = given is null ? Random.Shared.Next(1_000_000) : int.Parse(given, CultureInfo.InvariantCulture);
        for (var seed = first; seed < first + (given is null ? runs : 1); seed++)
        {
            try
            {
                property(new Random(seed));
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"With CLUSTERSESSION_SEED={seed}: {failure.Message}", failure);
            }
        }
    }
}
