namespace Shop.Carts;

/// <summary>One "add to cart", as kept in the session.</summary>
/// <param name="Product">The product's id.</param>
/// <param name="Node">The node that put it there, to be shown on the page.</param>
/// <param name="AddedAt">When; the cart is listed in this order.</param>
public sealed record CartLine(string Product, string Node, DateTimeOffset AddedAt);
