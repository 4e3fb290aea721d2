namespace Shop.Carts;

/// <summary>What a customer writes to the packers.</summary>
/// <param name="Text">The text, at most <see cref="Cart.LongestNote"/> characters.</param>
public sealed record CartNote(string Text);
