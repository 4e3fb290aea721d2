namespace Shop.Customers;

/// <summary>Who is logged in.</summary>
/// <param name="Node">The node that answered.</param>
/// <param name="Name">The customer's name; null: nobody.</param>
public sealed record CustomerView(string Node, string? Name);
