using System.Globalization;
using ClusterSession;
using Shop.Nodes;

namespace Shop.Carts;

/// <summary>Makes the answer: the cart and how this request came by it.</summary>
public sealed class CartResponder(NodeIdentity node, TimeProvider time)
{
    /// <summary>The answer to a request that changed nothing.</summary>
    public CartView Read(HttpContext context) => View(context.GetClusterSession(), commit: null);

    /// <summary>
    /// Writes the session now and not, as would happen by itself, when the headers leave: the page
    /// shows how long that took and which version it made.
    /// </summary>
    public async Task<CartView> CommitAsync(HttpContext context)
    {
        var session = context.GetClusterSession();
        var start = time.GetTimestamp();
        await session.CommitAsync(context.RequestAborted);
        return View(session, time.GetElapsedTime(start));
    }

    private CartView View(IClusterSession session, TimeSpan? commit)
    {
        var lines = new Cart(session).Lines;
        return new CartView(
            node.Name,
            session.Source switch
            {
                SessionSource.LocalCopy => "local copy",
                SessionSource.Revalidated => "revalidated",
                SessionSource.Store => "store",
                _ => "new",
            },
            new CartVersion(session.Version.Stamp, session.Version.Writer.ToString("x", CultureInfo.InvariantCulture)),
            session.IsRegressed,
            commit?.TotalMilliseconds,
            lines.Sum(entry => Catalog.Find(entry.Line.Product)?.PriceCents ?? 0),
            [.. lines.Select(entry => new CartViewLine(entry.Id, entry.Line.Product, entry.Line.Node))]
        );
    }
}
