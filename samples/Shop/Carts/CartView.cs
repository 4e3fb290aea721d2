namespace Shop.Carts;

/// <summary>The cart, and how this request came by it.</summary>
/// <param name="Node">The node that answered.</param>
/// <param name="Source">Where it had the session from: "new", "local copy", "revalidated" (a local
/// copy that the store confirmed) or "store".</param>
/// <param name="Version">The session's version after this request.</param>
/// <param name="IsRegressed">The session went backwards because a store lost something. Never
/// silent.</param>
/// <param name="CommitMilliseconds">How long the write took, or null if there was nothing to
/// write.</param>
/// <param name="TotalCents">What the cart costs.</param>
/// <param name="Lines">The cart's lines, oldest first.</param>
public sealed record CartView(
    string Node,
    string Source,
    CartVersion Version,
    bool IsRegressed,
    double? CommitMilliseconds,
    int TotalCents,
    IReadOnlyList<CartViewLine> Lines
);

/// <summary>One line of the cart.</summary>
public sealed record CartViewLine(string Id, string Product, string Node);

/// <summary>
/// A session's version: later ones have a higher stamp (microseconds since 1970), and the writer
/// names the process.
/// </summary>
public sealed record CartVersion(long Stamp, string Writer);
