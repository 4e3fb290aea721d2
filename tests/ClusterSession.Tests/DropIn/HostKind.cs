namespace ClusterSession.Tests.DropIn;

/// <summary>
/// What carries a program: they call the callbacks of a response at different moments.
/// </summary>
public enum HostKind
{
    TestServer,
    Kestrel,
}
