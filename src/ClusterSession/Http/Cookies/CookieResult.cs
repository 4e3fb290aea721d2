namespace ClusterSession.Http.Cookies;

/// <summary>Whether a request brought a session cookie that was issued here.</summary>
internal enum CookieResult
{
    /// <summary>There was none.</summary>
    None,

    /// <summary>It was issued here and is as it was issued.</summary>
    Valid,

    /// <summary>It was not issued here, or changed.</summary>
    Refused,

    /// <summary>
    /// It names a key that this node does not have; another node may have made one.
    /// </summary>
    UnknownKey,
}
