using System.Globalization;

namespace ClusterSession.Failover.Notifying;

/// <summary>
/// What keepalived has said, in a directory that all its notify commands share: the last word
/// counts, and one process at a time acts on it.
/// </summary>
/// <remarks>
/// <code>
/// notice_...   not done, or done for as long as its process runs
/// done_...     closed, and nothing is left to do; one from before it still counts for nothing
/// lock         held by the process that acts, until the kernel sees it end
/// contact      when the data here was last that of the cluster, in ms since 1970
/// </code>
/// A file for each notice, made in one step, needs no lock: two at once overwrite nothing.
/// </remarks>
/// <param name="path">The directory.</param>
/// <param name="time">The clock of pauses.</param>
internal sealed class NoticeDirectory(string path, TimeProvider time)
{
    private const string Waiting = "notice_";
    private const string Done = "done_";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private readonly string _boot = Notice.CurrentBoot();

    /// <summary>The last word of this boot; null: none was said.</summary>
    public Notice? Last() =>
        All()
            .Where(one => one.Boot == _boot)
            .Aggregate((Notice?)null, (last, one) => last is null || one.IsAfter(last) ? one : last);

    /// <summary>Adds one, and removes those before it.</summary>
    public void Add(Notice notice)
    {
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, Waiting + notice), "");
        foreach (var file in Files())
        {
            if (NoticeOf(file) is { } other && (other.Boot != _boot || notice.IsAfter(other)))
            {
                File.Delete(file);
            }
        }
    }

    /// <summary>Nothing is left to do for it.</summary>
    public void End(Notice notice)
    {
        try
        {
            File.Move(Path.Combine(path, Waiting + notice), Path.Combine(path, Done + notice), overwrite: true);
        }
        catch (FileNotFoundException)
        {
            // A later one has removed it.
        }
    }

    /// <summary>
    /// Waits until no other process acts; the kernel ends the lock with the process.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled first.</exception>
    public async Task<IDisposable> LockAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (TryLock() is { } held)
            {
                return held;
            }

            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The lock, unless another process has it.</summary>
    public IDisposable? TryLock()
    {
        try
        {
            return new FileStream(
                Path.Combine(path, "lock"),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None
            );
        }
        catch (IOException) when (Directory.Exists(path))
        {
            return null;
        }
    }

    /// <summary>Ends when another one is the last word.</summary>
    public async Task SupersededAsync(Notice notice, CancellationToken cancellation)
    {
        while (Last() == notice)
        {
            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Notes that the data here is that of the cluster.</summary>
    public void Touch() => Replace(time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));

    /// <summary>When it last was; null: nobody has noted it.</summary>
    public DateTimeOffset? Contact() =>
        File.Exists(Path.Combine(path, "contact"))
        && long.TryParse(
            File.ReadAllText(Path.Combine(path, "contact")),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var milliseconds
        )
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;

    private void Replace(string text)
    {
        var file = Path.Combine(path, "contact");
        File.WriteAllText(file + ".part", text);
        File.Move(file + ".part", file, overwrite: true);
    }

    private IEnumerable<Notice> All() => Files().Select(NoticeOf).OfType<Notice>();

    private string[] Files() => Directory.Exists(path) ? Directory.GetFiles(path, "*_*") : [];

    private static Notice? NoticeOf(string file)
    {
        var name = Path.GetFileName(file);
        return name.StartsWith(Waiting, StringComparison.Ordinal) ? Notice.Read(name[Waiting.Length..])
            : name.StartsWith(Done, StringComparison.Ordinal) ? Notice.Read(name[Done.Length..])
            : null;
    }
}
