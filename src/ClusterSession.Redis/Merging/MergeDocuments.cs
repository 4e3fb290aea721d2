using System.Security.Cryptography;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Requests;
using ClusterSession.Redis.Scripts;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Merging;

/// <summary>
/// Merges what all nodes share: keys of cookies and of Data Protection, revocations, ends.
/// </summary>
/// <remarks>
/// Of two elements with one id the greater rank stays, so that only elements are sent which the
/// target lacks or has with a lower one. The list of nodes (<c>nodes</c>) is each node's own
/// affair, every few seconds.
/// </remarks>
internal sealed class MergeDocuments(
    MergeLink source,
    MergeLink target,
    RedisKeys keys,
    CopyLeases leases,
    MergeSettings settings,
    MergeCounts counts
)
{
    private const string Presence = "nodes";
    private const int ElementsAtOnce = 200;
    private const int BytesAtOnce = 1 << 20;

    /// <summary>
    /// After the life of a tombstone these have forgotten what was revoked or retired. So nothing
    /// of them is merged from a source that was away for longer.
    /// </summary>
    private static readonly string[] ExpiringDocuments = ["ends", "keyring", "revocations"];

    /// <summary>Merges the documents of these names.</summary>
    /// <param name="names">The names.</param>
    /// <param name="cancellation">Ends it after the step under way.</param>
    /// <exception cref="MergeStoppedException">The merge cannot go on.</exception>
    public async Task RunAsync(IEnumerable<string> names, CancellationToken cancellation)
    {
        foreach (var name in names.Where(IsMerged))
        {
            if (await ReadAsync(target, name, static _ => true, cancellation).ConfigureAwait(false) is not { } present)
            {
                CountDamaged();
                continue;
            }

            var ranks = present.ToDictionary(static one => Convert.ToHexString(one.Id.Span), static one => one.Rank);
            bool Lacks(DocumentElement one) =>
                !ranks.TryGetValue(Convert.ToHexString(one.Id.Span), out var rank) || rank < one.Rank;
            if (await ReadAsync(source, name, Lacks, cancellation).ConfigureAwait(false) is not { } lacking)
            {
                CountDamaged();
                continue;
            }

            var life = await LifeOfAsync(name).ConfigureAwait(false);
            var due = lacking
                .Select(one => one with { Life = LifeAtTarget(name, one.Life) })
                .Where(static one => one.Life > TimeSpan.Zero)
                .ToList();
            foreach (var some in InParts(due))
            {
                cancellation.ThrowIfCancellationRequested();
                await MergeAsync(name, some, LifeAtTarget(name, life)).ConfigureAwait(false);
            }
        }
    }

    private bool IsMerged(string name) =>
        name != Presence
        && !(settings.Bounds is { } bounds && bounds.Away >= bounds.TombstoneLife && ExpiringDocuments.Contains(name));

    /// <summary>The elements of a document that are wanted; null: it is damaged.</summary>
    private async Task<List<DocumentElement>?> ReadAsync(
        MergeLink link,
        string name,
        Func<DocumentElement, bool> isWanted,
        CancellationToken cancellation
    )
    {
        var found = new List<DocumentElement>();
        for (var position = DocumentPosition.None; ; )
        {
            cancellation.ThrowIfCancellationRequested();
            var page = await link.SendAsync(new ReadDocumentRequest(keys, keys.Document(name), position, leases))
                .ConfigureAwait(false);
            if (!page.IsAnswered)
            {
                return null;
            }

            // Of the target ids and ranks are enough; of the source only what the target lacks is
            // kept.
            found.AddRange(
                page.Elements.Where(isWanted).Select(one => link == target ? one with { Payload = default } : one)
            );
            if (page.IsComplete)
            {
                return link == target
                    ? [.. found.GroupBy(IdOf).Select(static same => same.MaxBy(static one => one.Rank))]
                    : found;
            }

            position = page.Position;
        }
    }

    private async Task MergeAsync(string name, List<DocumentElement> elements, TimeSpan life)
    {
        if (!settings.IsDryRun)
        {
            var incarnation = (BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))) & long.MaxValue) | 1;
            var request = new MergeDocumentRequest(
                keys,
                keys.Document(name),
                keys.DocumentPlaces(name),
                elements,
                life,
                incarnation,
                leases
            );
            if (await target.SendAsync(request).ConfigureAwait(false) is { IsAnswered: false })
            {
                CountDamaged();
                return;
            }
        }

        counts.Note(soFar =>
            soFar with
            {
                Elements = soFar.Elements + elements.Count,
                Bytes = soFar.Bytes + (settings.IsDryRun ? 0 : elements.Sum(static one => (long)one.Payload.Length)),
            }
        );
    }

    private async Task<TimeSpan> LifeOfAsync(string name)
    {
        var left = await source
            .AskAsync(new RedisCommand("PTTL"u8.ToArray(), keys.Document(name)))
            .ConfigureAwait(false);
        return HeaderReading.LifeOf(long.Parse(left.AsString(), System.Globalization.CultureInfo.InvariantCulture))
            ?? TimeSpan.MaxValue;
    }

    /// <summary>
    /// An element that expires says that something is over, and is better remembered too long than
    /// too short. So the time away alone bounds its life. The difference of the clocks, which
    /// shortens the life of a session, does not.
    /// </summary>
    private TimeSpan LifeAtTarget(string name, TimeSpan life) =>
        life != TimeSpan.MaxValue
        && settings.Bounds is { } bounds
        && ExpiringDocuments.Contains(name)
        && bounds.TombstoneLife - bounds.Away < life
            ? bounds.TombstoneLife - bounds.Away
            : life;

    private void CountDamaged() => counts.Note(static soFar => soFar with { LeftOut = soFar.LeftOut + 1 });

    private static string IdOf(DocumentElement element) => Convert.ToHexString(element.Id.Span);

    private static IEnumerable<List<DocumentElement>> InParts(List<DocumentElement> elements)
    {
        var (part, bytes) = (new List<DocumentElement>(), 0);
        foreach (var element in elements)
        {
            part.Add(element);
            bytes += element.Payload.Length;
            if (part.Count == ElementsAtOnce || bytes >= BytesAtOnce)
            {
                yield return part;
                (part, bytes) = ([], 0);
            }
        }

        if (part.Count > 0)
        {
            yield return part;
        }
    }
}
