using ClusterSession;

namespace Shop.Carts;

/// <summary>
/// The cart of one request's session: one session attribute per line, named by the line's id.
/// </summary>
/// <remarks>
/// A session merges attribute by attribute. With the whole cart in one attribute, two adds at the
/// same moment on two nodes would each write a cart without the other's line, and one of them would
/// win. With an attribute per line both stay. The id comes from the browser, so that a request that
/// is repeated (because a node died before it could answer) adds nothing twice.
/// </remarks>
public sealed class Cart(IClusterSession session)
{
    /// <summary>As many lines as a cart takes; a session is not a warehouse.</summary>
    public const int MaxLines = 300;

    /// <summary>As many notes as a cart takes.</summary>
    public const int MaxNotes = 32;

    /// <summary>Characters of a note. A full cart is well above 64 KiB.</summary>
    public const int LongestNote = 8192;

    private const string Prefix = "line:";
    private const string NotePrefix = "note:";

    /// <summary>The lines in the order in which they were added.</summary>
    public IReadOnlyList<(string Id, CartLine Line)> Lines =>
        [
            .. session
                .Keys.Where(key => key.StartsWith(Prefix, StringComparison.Ordinal))
                .Select(key => (Id: key[Prefix.Length..], Line: session.Get<CartLine>(key)!))
                .OrderBy(entry => entry.Line.AddedAt)
                .ThenBy(entry => entry.Id, StringComparer.Ordinal),
        ];

    /// <summary>The notes by their ids.</summary>
    public IReadOnlyDictionary<string, string> Notes =>
        session
            .Keys.Where(key => key.StartsWith(NotePrefix, StringComparison.Ordinal))
            .ToDictionary(key => key[NotePrefix.Length..], key => session.GetString(key)!, StringComparer.Ordinal);

    /// <summary>Adds a line, unless the cart has it already or is full. False means full.</summary>
    public bool Add(string id, CartLine line)
    {
        if (session.TryGetValue(Prefix + id, out _))
        {
            return true;
        }

        if (session.Keys.Count(key => key.StartsWith(Prefix, StringComparison.Ordinal)) >= MaxLines)
        {
            return false;
        }

        session.Set(Prefix + id, line);
        return true;
    }

    /// <summary>
    /// Writes a note, in place of the one of that id. False means that there are too many.
    /// </summary>
    public bool Write(string id, string text)
    {
        if (
            !session.TryGetValue(NotePrefix + id, out _)
            && session.Keys.Count(key => key.StartsWith(NotePrefix, StringComparison.Ordinal)) >= MaxNotes
        )
        {
            return false;
        }

        session.SetString(NotePrefix + id, text);
        return true;
    }

    /// <summary>Removes a line if it is there.</summary>
    public void Remove(string id) => session.Remove(Prefix + id);

    /// <summary>Removes all lines. The session itself lives on.</summary>
    public void Clear()
    {
        foreach (var key in session.Keys.Where(key => key.StartsWith(Prefix, StringComparison.Ordinal)).ToList())
        {
            session.Remove(key);
        }
    }
}
