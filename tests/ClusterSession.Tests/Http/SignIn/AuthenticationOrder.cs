namespace ClusterSession.Tests.Http.SignIn;

/// <summary>Where the authentication comes.</summary>
public enum AuthenticationOrder
{
    /// <summary>Before the sessions.</summary>
    Before,

    /// <summary>After the sessions.</summary>
    After,

    /// <summary>Nowhere: endpoints authenticate, by the schemes they name.</summary>
    None,
}
