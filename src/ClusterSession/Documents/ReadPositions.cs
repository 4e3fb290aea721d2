namespace ClusterSession.Documents;

/// <summary>
/// Remembers up to where a document was read, and when, for the last minute at least. A store that
/// has lost what is newer than a moment still has what was read before that moment. For one caller
/// at a time.
/// </summary>
internal sealed class ReadPositions(TimeProvider time)
{
    private const int Kept = 64;
    private static readonly TimeSpan Apart = TimeSpan.FromSeconds(1);

    private readonly List<ReadPosition> _positions = [];

    /// <summary>The document was read up to there. Not each reading is kept.</summary>
    public void Add(in ReadPosition read)
    {
        if (read.Position.IsNone || (_positions.Count > 0 && time.GetElapsedTime(_positions[^1].At, read.At) < Apart))
        {
            return;
        }

        if (_positions.Count == Kept)
        {
            _positions.RemoveAt(0);
        }

        _positions.Add(read);
    }

    /// <summary>
    /// The last one from before a moment. Later ones are forgotten: the store may have lost the
    /// elements that they count, and have given the same positions to other elements.
    /// </summary>
    public ReadPosition Before(long moment)
    {
        _positions.RemoveAll(read => read.At >= moment);
        return _positions.Count > 0 ? _positions[^1] : ReadPosition.None;
    }
}
