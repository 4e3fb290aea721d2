using System.Net;

namespace ClusterSession.ChaosTests.Load;

/// <summary>A node as clients know it.</summary>
internal sealed record NodeAddress(string Name, IPEndPoint EndPoint);
