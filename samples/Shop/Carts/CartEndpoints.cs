using System.Text.RegularExpressions;
using ClusterSession;
using Shop.Nodes;

namespace Shop.Carts;

/// <summary>
/// The shop's API. PUT and DELETE with an id chosen by the caller: both may be repeated without
/// harm, by the page and by the balancer, and a balancer may repeat them precisely because HTTP
/// says so. A POST it would have to give up.
/// </summary>
public static partial class CartEndpoints
{
    public static void MapCart(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/products", () => Catalog.Products).WithSessionAccess(SessionConcurrency.None);

        var cart = app.MapGroup("/api/cart").AddEndpointFilter(CountAsync);
        cart.MapGet("", Read);
        cart.MapPut("lines/{id}", AddAsync);
        cart.MapDelete("lines/{id}", RemoveAsync);
        cart.MapDelete("", ClearAsync);
        cart.MapGet("notes", (HttpContext context) => context.OpenCart().Notes);
        cart.MapPut("notes/{id}", WriteAsync);
    }

    private static CartView Read(HttpContext context, CartResponder responder) => responder.Read(context);

    private static async Task<IResult> AddAsync(
        string id,
        CartAddition addition,
        HttpContext context,
        CartResponder responder,
        NodeIdentity node,
        TimeProvider time
    )
    {
        if (!LineId().IsMatch(id) || Catalog.Find(addition.Product) is null)
        {
            return Results.Problem(
                "A line id is 8 to 40 letters, digits or dashes, and the product is one of the shop's.",
                statusCode: 400
            );
        }

        var line = new CartLine(addition.Product, node.Name, time.GetUtcNow());
        return context.OpenCart().Add(id, line)
            ? Results.Ok(await responder.CommitAsync(context))
            : Results.Problem($"The cart is full ({Cart.MaxLines} lines).", statusCode: 409);
    }

    private static async Task<IResult> WriteAsync(
        string id,
        CartNote note,
        HttpContext context,
        CartResponder responder
    )
    {
        if (!LineId().IsMatch(id) || note.Text.Length > Cart.LongestNote)
        {
            return Results.Problem(
                $"A note's id is 8 to 40 letters, digits or dashes, its text at most {Cart.LongestNote} characters.",
                statusCode: 400
            );
        }

        return context.OpenCart().Write(id, note.Text)
            ? Results.Ok(await responder.CommitAsync(context))
            : Results.Problem($"The cart has {Cart.MaxNotes} notes, which is all that it takes.", statusCode: 409);
    }

    private static Task<CartView> RemoveAsync(string id, HttpContext context, CartResponder responder)
    {
        context.OpenCart().Remove(id);
        return responder.CommitAsync(context);
    }

    private static Task<CartView> ClearAsync(HttpContext context, CartResponder responder)
    {
        context.OpenCart().Clear();
        return responder.CommitAsync(context);
    }

    private static Cart OpenCart(this HttpContext context) => new(context.GetClusterSession());

    private static ValueTask<object?> CountAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        context.HttpContext.RequestServices.GetRequiredService<NodeIdentity>().CountRequest();
        return next(context);
    }

    [GeneratedRegex("^[A-Za-z0-9-]{8,40}$")]
    private static partial Regex LineId();
}

/// <summary>The body of an add.</summary>
public sealed record CartAddition(string Product);
