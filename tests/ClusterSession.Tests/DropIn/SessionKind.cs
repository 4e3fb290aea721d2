namespace ClusterSession.Tests.DropIn;

/// <summary>Whose sessions a program runs with.</summary>
public enum SessionKind
{
    /// <summary><c>AddDistributedMemoryCache().AddSession()</c> and <c>UseSession()</c>.</summary>
    AddSession,

    /// <summary><c>AddClusterSession().UseInMemory()</c> and <c>UseClusterSession()</c>.</summary>
    AddClusterSession,
}
