using System.Globalization;
using System.Text;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Scripts;

namespace ClusterSession.Redis.Merging;

/// <summary>Counts what the source has, before anything is written.</summary>
/// <param name="Sessions">About how many sessions, ended ones included.</param>
/// <param name="Documents">Names of its documents.</param>
/// <param name="ForeignKeys">
/// How many keys are not the application's, those of other databases included.
/// </param>
/// <param name="ForeignNames">Some of their names.</param>
internal sealed record MergeSurvey(
    long Sessions,
    IReadOnlyCollection<string> Documents,
    long ForeignKeys,
    IReadOnlyList<string> ForeignNames
)
{
    private const int MaxNames = 10;
    private const int KeysAtOnce = 1000;

    /// <summary>Counts.</summary>
    /// <exception cref="MergeStoppedException">The source is not responding, or
    /// refuses.</exception>
    public static async Task<MergeSurvey> OfAsync(
        MergeLink source,
        string keyPrefix,
        int database,
        CancellationToken cancellation
    )
    {
        var (sessions, foreign) = (0L, 0L);
        var documents = new SortedSet<string>(StringComparer.Ordinal);
        var names = new SortedSet<string>(StringComparer.Ordinal);
        var cursor = "0";
        do
        {
            cancellation.ThrowIfCancellationRequested();
            var page = await source
                .AskAsync(
                    new RedisCommand(
                        "EVAL",
                        Encoding.UTF8.GetString(RedisScript.MergeSurvey.Body),
                        "0",
                        cursor,
                        keyPrefix + ":1:",
                        KeysAtOnce.ToString(CultureInfo.InvariantCulture),
                        MaxNames.ToString(CultureInfo.InvariantCulture)
                    )
                )
                .ConfigureAwait(false);
            cursor = page[0].AsString();
            sessions += Number(page[1].AsString());
            foreign += Number(page[2].AsString());
            documents.UnionWith(page[3].Items.Select(static name => name.AsString()));
            names.UnionWith(
                page[4].Items.Select(static name => name.AsString()).TakeWhile(_ => names.Count < MaxNames)
            );
        } while (cursor != "0");

        var others = new List<string>();
        foreach (var (other, count) in await OtherDatabasesAsync(source, database).ConfigureAwait(false))
        {
            foreign += count;
            others.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"database {other} ({count:N0} {(count == 1 ? "key" : "keys")})"
                )
            );
        }

        return new MergeSurvey(
            sessions,
            documents,
            foreign,
            [.. others.Concat(names).Take(MaxNames).Select(Printable)]
        );
    }

    private static async Task<IEnumerable<(int Database, long Keys)>> OtherDatabasesAsync(
        MergeLink source,
        int database
    )
    {
        var info = await source.AskAsync(new RedisCommand("INFO", "keyspace")).ConfigureAwait(false);
        return info.AsString()
            .Split('\n')
            .Select(static line => line.Split(':', '=', ','))
            .Where(static parts => parts is [['d', 'b', ..], "keys", _, ..])
            .Select(static parts => (Database: (int)Number(parts[0][2..]), Keys: Number(parts[2])))
            .Where(found => found.Database != database)
            .ToList();
    }

    private static long Number(string text) =>
        long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>Anybody names keys, and names are shown on terminals.</summary>
    private static string Printable(string name) =>
        string.Concat(name.Select(static one => char.IsControl(one) ? '?' : one));
}
