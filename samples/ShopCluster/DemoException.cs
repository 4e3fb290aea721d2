namespace ShopCluster;

/// <summary>Something that the one who started the demo can be told in a sentence.</summary>
internal sealed class DemoException(string message) : Exception(message);
