namespace ClusterSession.KeyRing;

/// <summary>A ring and the one of its keys that signs now.</summary>
/// <param name="Ring">The ring.</param>
/// <param name="Key">Its key.</param>
/// <param name="ChosenAt">The timestamp at which it was chosen.</param>
internal sealed record SigningRing(SessionKeyRing Ring, CookieKey Key, long ChosenAt);
